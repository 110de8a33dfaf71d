package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.OpenOptions;
import org.jspecify.annotations.Nullable;

/**
 * The flags of {@code open(2)} whose values differ between architectures, with those that do not.
 *
 * @param directory {@code O_DIRECTORY}
 * @param noFollow {@code O_NOFOLLOW}
 * @param direct {@code O_DIRECT}
 */
record OpenFlags(int directory, int noFollow, int direct) {

  static final int READ_ONLY = 0;
  static final int WRITE_ONLY = 1;
  static final int READ_WRITE = 2;
  static final int CREATE = 0100;
  static final int EXCLUSIVE = 0200;
  static final int NON_BLOCKING = 04000;
  static final int CLOSE_ON_EXEC = 02000000;
  private static final int TMPFILE_BIT = 020000000;

  /** The flags of this architecture ({@code os.arch}), or null when it is not known. */
  static @Nullable OpenFlags of(String architecture) {
    return switch (architecture) {
      case "amd64", "x86_64" -> new OpenFlags(0200000, 0400000, 040000);
      case "aarch64" -> new OpenFlags(040000, 0100000, 0200000);
      default -> null;
    };
  }

  /** {@code O_TMPFILE}. */
  int unnamed() {
    return TMPFILE_BIT | directory;
  }

  /** The flags for these options; not waiting for the other end of a FIFO. */
  int of(OpenOptions options) {
    int flags =
        CLOSE_ON_EXEC
            | NON_BLOCKING
            | switch (options.access()) {
              case READ -> READ_ONLY;
              case READ_WRITE -> READ_WRITE;
              case WRITE -> WRITE_ONLY;
            }
            | switch (options.creation()) {
              case EXISTING -> 0;
              case IF_MISSING -> CREATE;
              case ALWAYS_NEW -> CREATE | EXCLUSIVE;
            };
    if (options.directIo()) {
      flags |= direct;
    }
    if (!options.followLinks()) {
      flags |= noFollow;
    }
    return flags;
  }
}
