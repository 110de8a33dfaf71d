package io.github.qcow4j.qcow2.table;

/**
 * Runs of entries that are each by the same number larger than the one before, as those of clusters
 * are that stand one behind the other.
 */
public final class EvenRun {

  private EvenRun() {}

  /**
   * How many entries go on evenly. A loop of its own over what it needs, as it goes round for every
   * cluster of an image.
   *
   * @param entries entries in the order of their table
   * @param first the index of the first to look at
   * @param most how many to look at, all of them in the array
   * @param expected what the first one is to be
   * @param step by how much each is to be larger than the one before
   */
  public static int length(long[] entries, int first, int most, long expected, long step) {
    int end = first + most;
    for (int i = first; i < end; i++, expected += step) {
      if (entries[i] != expected) {
        return i - first;
      }
    }
    return most;
  }
}
