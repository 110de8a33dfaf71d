package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import java.io.IOException;
import java.nio.file.Path;

/** What is done to all of a file system, through any file of it. */
enum WholeFileSystem {
  /** {@code syncfs(2)}. */
  SYNC("syncfs") {
    @Override
    long result(LinuxCalls calls, int descriptor) {
      return calls.syncfs(descriptor);
    }
  },
  /** {@code FIFREEZE} of {@code linux/fs.h}. */
  FREEZE("ioctl") {
    @Override
    long result(LinuxCalls calls, int descriptor) {
      return calls.ioctl(descriptor, 0xc0045877L, 0);
    }
  },
  /** {@code FITHAW} of {@code linux/fs.h}. */
  THAW("ioctl") {
    @Override
    long result(LinuxCalls calls, int descriptor) {
      return calls.ioctl(descriptor, 0xc0045878L, 0);
    }
  };

  private final String call;

  WholeFileSystem(String call) {
    this.call = call;
  }

  abstract long result(LinuxCalls calls, int descriptor);

  /**
   * Does it, and closes the descriptor.
   *
   * @return false when this file system or kernel cannot
   */
  boolean call(LinuxCalls calls, int descriptor, Path path) throws IOException {
    try {
      long result = result(calls, descriptor);
      Errno errno = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
      if (errno == Errno.EOPNOTSUPP || errno == Errno.ENOTTY || errno == Errno.ENOSYS) {
        return false;
      } else if (result < 0) {
        throw Errno.exception(call, Math.toIntExact(-result), path.toString(), null);
      }
      return true;
    } finally {
      calls.close(descriptor);
    }
  }
}
