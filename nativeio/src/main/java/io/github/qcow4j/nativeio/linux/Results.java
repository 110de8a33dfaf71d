package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.Errno;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;

/** What {@link LinuxCalls} returned, and the exceptions to throw for it. */
final class Results {

  private Results() {}

  /** Passes the result on, unless it is an error of a call about this name. */
  static long check(String call, long result, Path path) throws IOException {
    if (result < 0) {
      throw Errno.exception(call, Math.toIntExact(-result), path.toString(), null);
    }
    return result;
  }

  /** Throws when the result is an error of a call about these two names. */
  static void check(String call, long result, Path path, Path other) throws IOException {
    if (result < 0) {
      int number = Math.toIntExact(-result);
      throw Errno.exception(call, number, path.toString(), other.toString());
    }
  }

  /** The same of a call that makes a name: the one that is in the way is the one to be told. */
  static void checkNewName(String call, long result, Path existing, Path newName)
      throws IOException {
    if (result == -Errno.EEXIST.number()) {
      throw new FileAlreadyExistsException(newName.toString(), null, Errno.EEXIST.text());
    }
    check(call, result, existing, newName);
  }
}
