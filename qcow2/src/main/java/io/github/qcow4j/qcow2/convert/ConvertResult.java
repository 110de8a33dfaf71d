package io.github.qcow4j.qcow2.convert;

/**
 * What a conversion did.
 *
 * @param totalBytes size of the disk that was converted
 * @param writtenBytes data written to the target
 * @param zeroBytes bytes found to be zeros, by their extents or by looking at data
 * @param unreadableBytes bytes that could not be read and became zeros; only when salvaging
 */
public record ConvertResult(
    long totalBytes, long writtenBytes, long zeroBytes, long unreadableBytes) {}
