package io.github.qcow4j.snapshot.lease;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Rights that are given back together, the last one first, and files that were opened to be read.
 * For one thread.
 */
public final class LeaseSet implements Closeable {

  private final Deque<Closeable> held = new ArrayDeque<>();

  /** None yet. */
  public LeaseSet() {}

  /** One more. */
  public void add(Closeable lease) {
    held.push(lease);
  }

  /** Gives all back. Nothing was written through any of it, so that none of it can be lost. */
  @Override
  public void close() {
    while (!held.isEmpty()) {
      closeQuietly(held.pop());
    }
  }

  private static void closeQuietly(Closeable lease) {
    try {
      lease.close();
    } catch (IOException e) {
      // Whoever held it has done its work, and is not to be told that it failed.
    }
  }
}
