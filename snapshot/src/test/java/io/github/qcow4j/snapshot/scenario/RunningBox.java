package io.github.qcow4j.snapshot.scenario;

import io.github.qcow4j.snapshot.model.HeldBox;
import java.io.Closeable;
import java.io.IOException;

/** A box that is held as running, and the guest that runs on it. For one thread. */
record RunningBox(HeldBox held, Guest guest) implements Closeable {

  @Override
  public void close() throws IOException {
    try (held;
        guest) {
      // The guest goes first.
    }
  }
}
