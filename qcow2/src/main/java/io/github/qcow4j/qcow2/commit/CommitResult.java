package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.nativeio.CopyResult;

/**
 * What a commit did.
 *
 * @param data bytes of data brought to the base, and in which way
 * @param zeroBytes bytes of the base that became zeros without being written as data
 * @param grownBytes how much larger the base's disk became
 * @param emptied whether the overlay was emptied
 */
public record CommitResult(CopyResult data, long zeroBytes, long grownBytes, boolean emptied) {}
