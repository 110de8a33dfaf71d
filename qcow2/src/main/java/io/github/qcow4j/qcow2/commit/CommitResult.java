package io.github.qcow4j.qcow2.commit;

/**
 * What a commit did.
 *
 * @param dataBytes bytes of data written to the base
 * @param zeroBytes bytes of the base that became zeros without being written as data
 * @param grownBytes how much larger the base's disk became
 * @param emptied whether the overlay was emptied
 */
public record CommitResult(long dataBytes, long zeroBytes, long grownBytes, boolean emptied) {}
