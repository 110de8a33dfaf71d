package io.github.qcow4j.snapshot.lease;

import java.io.Closeable;

/** A right that is held until it is closed, or until the process ends. */
@FunctionalInterface
public interface Lease extends Closeable {

  /** Gives it back. This never fails: what was done meanwhile stays done. */
  @Override
  void close();
}
