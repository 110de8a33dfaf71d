package io.github.qcow4j.snapshot.model;

import java.nio.file.Path;

/**
 * A frozen disk of a snapshot.
 *
 * @param role the role of the disk that it was
 * @param path where it is, absolute; to be read only
 * @param virtualSizeBytes size of the disk
 * @param fileBytes length of the frozen file
 * @param allocatedBytes storage that it takes
 * @param chainDepth how many images have to be read for it, itself and what the catalogue knows
 *     below
 */
public record SnapshotDisk(
    String role,
    Path path,
    long virtualSizeBytes,
    long fileBytes,
    long allocatedBytes,
    int chainDepth) {}
