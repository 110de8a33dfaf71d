package io.github.qcow4j.nativeio;

/**
 * Which file it is, whatever its names ({@code st_dev}, {@code st_ino} of {@code stat(2)}).
 *
 * @param device the device number
 * @param inode the inode number on that device
 */
public record FileIdentity(long device, long inode) {}
