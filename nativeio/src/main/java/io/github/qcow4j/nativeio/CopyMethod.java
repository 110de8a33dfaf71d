package io.github.qcow4j.nativeio;

import java.util.Set;

/** How bytes came from one file into another. */
public enum CopyMethod {
  /** Both files share the storage until one of them changes it ({@code FICLONE}). */
  REFLINK,
  /** The kernel copied ({@code copy_file_range(2)}); it may have shared storage by itself. */
  KERNEL_COPY,
  /** Read and written by this process. */
  USER_COPY;

  /** All of them. */
  public static final Set<CopyMethod> ALL = Set.of(REFLINK, KERNEL_COPY, USER_COPY);
}
