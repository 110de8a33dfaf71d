package io.github.qcow4j.qcow2.check;

import org.jspecify.annotations.Nullable;

/**
 * One counter for each host cluster, in pages that cost nothing until a counter in them is raised.
 *
 * <p>An image of 8 TiB with clusters of 64 KiB, all in use once, takes 16 MiB. For one thread.
 */
final class ReferenceCounts {

  private final @Nullable CounterPage[] pages;
  private final long limit;

  /**
   * Counters for clusters {@code 0 .. clusterCount - 1}, all zero.
   *
   * @param limit what a counter may reach, unsigned: what the image's own counters can hold
   */
  ReferenceCounts(long clusterCount, long limit) {
    this.pages = new CounterPage[(int) (((clusterCount - 1) >>> CounterPage.INDEX_BITS) + 1)];
    this.limit = limit;
  }

  /** Adds one; false, and nothing is changed, when the counter has reached the limit. */
  boolean increment(long clusterIndex) {
    return pageForRaising(clusterIndex)
        .increment((int) clusterIndex & (CounterPage.COUNTERS - 1), limit);
  }

  /**
   * Raises counters from zero to one, eight at a time, as far as all eight are zero and in one
   * page.
   *
   * @param clusterIndex the first of them, a multiple of 8
   * @param count how many at most
   * @return how many were raised, from the first one on
   */
  int raiseEights(long clusterIndex, long count) {
    int index = (int) clusterIndex & (CounterPage.COUNTERS - 1);
    int inPage = (int) Math.min(count, CounterPage.COUNTERS - index);
    return inPage < 8 ? 0 : pageForRaising(clusterIndex).raiseEights(index, inPage & -8);
  }

  private CounterPage pageForRaising(long clusterIndex) {
    int pageIndex = (int) (clusterIndex >>> CounterPage.INDEX_BITS);
    CounterPage page = pages[pageIndex];
    if (page == null) {
      page = new CounterPage();
      pages[pageIndex] = page;
    }
    return page;
  }

  /** The count, unsigned. */
  long get(long clusterIndex) {
    CounterPage page = page(clusterIndex);
    return page == null ? 0 : page.get((int) clusterIndex & (CounterPage.COUNTERS - 1));
  }

  /** The page that holds a cluster's counter, or null when all its counters are zero. */
  @Nullable CounterPage page(long clusterIndex) {
    return pages[(int) (clusterIndex >>> CounterPage.INDEX_BITS)];
  }

  long memoryBytes() {
    long total = (long) pages.length * Long.BYTES;
    for (CounterPage page : pages) {
      total += page == null ? 0 : page.memoryBytes();
    }
    return total;
  }
}
