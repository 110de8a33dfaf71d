package io.github.qcow4j.cli.image;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Entries of a snapshot table whose L1 table cannot be where, or what, they say. {@code qemu-img}
 * tells of these in two lines: what is wrong first, and then what came to nothing, with an error
 * number.
 */
final class SnapshotTableFailure {

  private SnapshotTableFailure() {}

  /** The error number, or null when it is something else that failed. */
  static @Nullable Errno errno(IOException failure) {
    return switch (failure) {
      case CorruptImageException corrupt
          when corrupt.structure().startsWith("snapshot table entry") ->
          Errno.EINVAL;
      case LimitExceededException limit when limit.limitName().equals("L1 table bytes") ->
          Errno.EFBIG;
      default -> null;
    };
  }
}
