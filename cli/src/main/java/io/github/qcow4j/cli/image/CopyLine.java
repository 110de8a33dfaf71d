package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.nativeio.CopyResult;

/** The line in which every job that moves data tells, when it is to be verbose, how it did. */
final class CopyLine {

  private CopyLine() {}

  /**
   * Prints it on standard error.
   *
   * @param data bytes of data, by the ways they came
   * @param zeroBytes bytes that became zeros, or were left to be, without being moved
   */
  static void note(Console console, CopyResult data, long zeroBytes) {
    if (console.isVerbose()) {
      console.note(
          "bytes shared: "
              + data.reflinkBytes()
              + ", copied by the kernel: "
              + data.kernelCopyBytes()
              + ", read and written: "
              + data.userCopyBytes()
              + ", zeros: "
              + zeroBytes);
    }
  }
}
