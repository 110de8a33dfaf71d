package io.github.qcow4j.nativeio.support;

import java.util.Map;

/**
 * The kinds of file systems whose blocks stay where they were written first, see {@link
 * io.github.qcow4j.nativeio.Volume#lastingBlockBytes}. What is not listed is not known to be one:
 * an overlay may lie over anything, and what comes over a network or from a process of the user's
 * is as its other end likes.
 */
public final class LastingBlocks {

  /** By the magic numbers of {@code linux/magic.h}; ext2 and ext3 have that of ext4. */
  private static final Map<Long, String> KINDS =
      Map.of(0xef53L, "ext4", 0x58465342L, "xfs", 0x01021994L, "tmpfs");

  private LastingBlocks() {}

  /** Whether a file system of this number has them. */
  public static boolean areOfMagic(long magic) {
    return KINDS.containsKey(magic);
  }

  /** Whether a file system that is called so has them. */
  public static boolean areOfType(String type) {
    return KINDS.containsValue(type.equals("ext2") || type.equals("ext3") ? "ext4" : type);
  }
}
