package io.github.qcow4j.nativeio;

/**
 * What {@code stat(2)} says of a name.
 *
 * @param kind what it is
 * @param sizeBytes its length; 0 for what has none
 * @param allocatedBytes storage allocated to it ({@code st_blocks} × 512)
 * @param identity which file it is
 * @param permissions the permission bits (mode & 07777)
 */
public record FileStatus(
    FileKind kind, long sizeBytes, long allocatedBytes, FileIdentity identity, int permissions) {}
