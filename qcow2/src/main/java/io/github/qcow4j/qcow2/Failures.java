package io.github.qcow4j.qcow2;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What fails among things that are all to be done whatever became of the others. */
final class Failures {

  private @Nullable Exception first;

  void collect(Closeable step) {
    try {
      step.close();
    } catch (IOException | RuntimeException e) {
      if (first == null) {
        first = e;
      } else {
        first.addSuppressed(e);
      }
    }
  }

  /** Throws the first failure, the others suppressed in it, or does nothing. */
  void throwFirst() throws IOException {
    switch (first) {
      case null -> {}
      case IOException failure -> throw failure;
      case RuntimeException failure -> throw failure;
      default -> throw new AssertionError(first);
    }
  }
}
