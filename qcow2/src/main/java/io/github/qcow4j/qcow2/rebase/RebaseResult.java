package io.github.qcow4j.qcow2.rebase;

/**
 * What a rebase did.
 *
 * @param copiedBytes bytes of data that the overlay holds itself now
 * @param zeroedBytes bytes that the overlay says are zeros now, because the new backing file shows
 *     something else there
 */
public record RebaseResult(long copiedBytes, long zeroedBytes) {}
