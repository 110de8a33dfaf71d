package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.nativeio.CopyResult;

/**
 * What a rebase did.
 *
 * @param data bytes of data that the overlay holds itself now, and in which way they came
 * @param zeroedBytes bytes that the overlay says are zeros now, because the new backing file shows
 *     something else there
 */
public record RebaseResult(CopyResult data, long zeroedBytes) {}
