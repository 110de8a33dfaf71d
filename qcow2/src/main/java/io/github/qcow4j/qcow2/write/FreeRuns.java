package io.github.qcow4j.qcow2.write;

import java.util.Arrays;

/**
 * Runs of clusters that are free at some time, in the order of the file. So many are known; where
 * there are more, all behind these counts as free. For one thread.
 */
final class FreeRuns {

  private static final int MOST = 1 << 16;

  private long[] starts = {};
  private long[] ends = {};
  private int size;

  int size() {
    return size;
  }

  /** Whether only one more is taken, which is the last of all. */
  boolean isFull() {
    return size >= MOST - 1;
  }

  /**
   * Adds a run behind all others, unless it is empty.
   *
   * @param start its first cluster
   * @param end the one behind its last
   */
  void add(long start, long end) {
    if (start >= end) {
      return;
    }
    if (size == starts.length) {
      starts = Arrays.copyOf(starts, Math.max(16, 2 * size));
      ends = Arrays.copyOf(ends, starts.length);
    }
    starts[size] = start;
    ends[size] = isFull() ? Long.MAX_VALUE : end;
    size++;
  }

  long start(int index) {
    return starts[index];
  }

  long end(int index) {
    return ends[index];
  }

  /** The first cluster from {@code from} on that is in none of them. */
  long firstOutside(long from) {
    int run = endingBehind(from);
    return run < size && starts[run] <= from ? ends[run] : from;
  }

  /**
   * The first cluster of a run from {@code from} on, or {@code end} when there is none before that.
   *
   * @param from in none of them, or the end itself
   */
  long firstInside(long from, long end) {
    int run = endingBehind(from);
    return run < size ? Math.clamp(starts[run], from, end) : end;
  }

  private int endingBehind(long cluster) {
    int found = Arrays.binarySearch(ends, 0, size, cluster + 1);
    return found < 0 ? -found - 1 : found;
  }
}
