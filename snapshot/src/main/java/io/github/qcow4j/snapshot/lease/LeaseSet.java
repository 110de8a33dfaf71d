package io.github.qcow4j.snapshot.lease;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Rights that are given back together, the last one first. For one thread. */
public final class LeaseSet implements Closeable {

  private final Deque<Closeable> held = new ArrayDeque<>();

  /** None yet. */
  public LeaseSet() {}

  /** One more. */
  public void add(Closeable lease) {
    held.push(lease);
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    while (!held.isEmpty()) {
      try {
        held.pop().close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
