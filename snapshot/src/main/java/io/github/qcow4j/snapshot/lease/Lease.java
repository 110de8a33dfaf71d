package io.github.qcow4j.snapshot.lease;

import java.io.Closeable;
import java.io.IOException;

/** A right that is held until it is closed, or until the process ends. */
@FunctionalInterface
public interface Lease extends Closeable {

  /** Gives it back. */
  @Override
  void close() throws IOException;
}
