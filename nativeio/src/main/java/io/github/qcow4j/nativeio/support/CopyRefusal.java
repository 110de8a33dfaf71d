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
   * These two files never do it, others of the same file systems may: they came by different mounts
   * (a kernel before 5.18 shares within one only) or are of different layers of an overlay.
   */
  BETWEEN_FILES,
  /**
   * Not this range, or not now: offsets that are no whole blocks, a file used for swapping, no room
   * for the file system's own records of what is shared; or a sandbox that knows not the call
   * ({@code EPERM}, as a {@code seccomp(2)} filter may say). Another way may still work; if there
   * is really no room or no permission, that will say so.
   */
  PASSING,
  /** No refusal. */
  NONE;

  /** What an error number of either call means. */
  public static CopyRefusal of(Errno errno) {
    return switch (errno) {
      case EOPNOTSUPP, ENOTTY, ENOSYS -> LASTING;
      case EXDEV -> BETWEEN_FILES;
      case EINVAL, ETXTBSY, ENOSPC, EDQUOT, EPERM -> PASSING;
      default -> NONE;
    };
  }
}
