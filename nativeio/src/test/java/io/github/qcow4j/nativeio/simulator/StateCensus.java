package io.github.qcow4j.nativeio.simulator;

/**
 * Tells states that were never seen before from others, by a hash of 64 bits over all names and
 * bytes: over any number of explorations, so that a count of different states is one. Two states
 * that share a hash by accident are counted once; the count is never too high. Any thread may use
 * it.
 */
public final class StateCensus {

  private static final int FIRST_SLOTS = 1 << 12;

  /** Open addressing; 0 is an empty slot, and stands for 1. */
  private long[] slots = new long[FIRST_SLOTS];

  private int used;

  /** An empty census. */
  public StateCensus() {}

  /** Whether this state is new; it is not from now on. */
  synchronized boolean add(long hash) {
    if (used >= slots.length / 2) {
      grow();
    }
    if (!insert(slots, hash == 0 ? 1 : hash)) {
      return false;
    }
    used++;
    return true;
  }

  /** How many different states were seen. */
  public synchronized long states() {
    return used;
  }

  private void grow() {
    long[] larger = new long[slots.length * 2];
    for (long hash : slots) {
      if (hash != 0) {
        insert(larger, hash);
      }
    }
    slots = larger;
  }

  private static boolean insert(long[] slots, long hash) {
    // Hashes come mixed: their low bits are as good as any.
    int at = (int) hash & (slots.length - 1);
    while (slots[at] != 0) {
      if (slots[at] == hash) {
        return false;
      }
      at = (at + 1) & (slots.length - 1);
    }
    slots[at] = hash;
    return true;
  }
}
