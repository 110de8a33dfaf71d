package io.github.qcow4j.qcow2;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What fails among things that are all to be done whatever became of the others. */
final class Failures {

  private @Nullable Throwable first;

  void collect(Closeable step) {
    try {
      step.close();
    } catch (IOException | RuntimeException | Error e) {
      add(e);
    }
  }

  private void add(Throwable failure) {
    Throwable before = first;
    if (before == null) {
      first = failure;
    } else if (!before.equals(failure)) {
      before.addSuppressed(failure);
    }
  }

  /** Throws the first failure, the others suppressed in it, or does nothing. */
  void throwFirst() throws IOException {
    switch (first) {
      case null -> {}
      case IOException failure -> throw failure;
      case RuntimeException failure -> throw failure;
      case Error failure -> throw failure;
      default -> throw new AssertionError(first);
    }
  }
}
