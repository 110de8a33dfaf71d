package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;

/**
 * What a directory may bring along.
 *
 * @param references which backing files an overlay of Cocoon's may stand on
 * @param maxVirtualSize the largest sum of the sizes of its disks, in bytes
 */
public record DirectoryPolicy(ReferencePolicy references, long maxVirtualSize) {}
