package io.github.qcow4j.qcow2.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps operations that change the same guest clusters one after the other. Operations on different
 * clusters do not wait for each other.
 */
final class GuestRangeLocks {

  /**
   * Guest clusters that one operation changes; equal to itself alone, as each is held by itself.
   */
  static final class Range {

    private final long firstCluster;
    private final long lastCluster;

    /**
     * @param firstCluster the first guest cluster
     * @param lastCluster the last one
     */
    Range(long firstCluster, long lastCluster) {
      this.firstCluster = firstCluster;
      this.lastCluster = lastCluster;
    }

    boolean overlaps(Range other) {
      return firstCluster <= other.lastCluster && other.firstCluster <= lastCluster;
    }
  }

  @GuardedBy("this")
  private final List<Range> held = new ArrayList<>();

  /** Waits until nobody else changes any of these clusters. */
  synchronized Range lock(long firstCluster, long lastCluster) {
    Range wanted = new Range(firstCluster, lastCluster);
    boolean interrupted = false;
    while (isHeld(wanted)) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    held.add(wanted);
    return wanted;
  }

  /** Lets others go on. */
  synchronized void unlock(Range range) {
    held.remove(range);
    notifyAll();
  }

  @GuardedBy("this")
  private boolean isHeld(Range wanted) {
    for (Range range : held) {
      if (range.overlaps(wanted)) {
        return true;
      }
    }
    return false;
  }
}
