package io.github.qcow4j.nativeio;

import org.jspecify.annotations.Nullable;

/**
 * Which file it is, whatever its names ({@code st_dev}, {@code st_ino} of {@code stat(2)}).
 *
 * @param device the device number
 * @param inode the inode number on that device
 */
public record FileIdentity(long device, long inode) {

  // Written out, because what a record has by itself is linked anew at every start of the JVM.

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FileIdentity that && device == that.device && inode == that.inode;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(device) * 31 + Long.hashCode(inode);
  }
}
