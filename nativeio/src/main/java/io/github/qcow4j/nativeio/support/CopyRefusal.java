package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.Errno;

/**
 * What the kernel means when it does not share or copy a range ({@code ioctl_ficlonerange(2)},
 * {@code copy_file_range(2)}): anything else, an I/O error above all, is a failure and stays one.
 */
public enum CopyRefusal {
  /** These two file systems never do it, or the kernel does not know how. */
  LASTING,
  /**
   * Not this range, or not now: offsets that are no whole blocks, a file used for swapping, no room
   * for the file system's own records of what is shared. Another way may still work; if there is
   * really no room, that will say so.
   */
  PASSING,
  /** No refusal. */
  NONE;

  /** What an error number of either call means. */
  public static CopyRefusal of(Errno errno) {
    return switch (errno) {
      case EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV -> LASTING;
      case EINVAL, ETXTBSY, ENOSPC, EDQUOT -> PASSING;
      default -> NONE;
    };
  }
}
