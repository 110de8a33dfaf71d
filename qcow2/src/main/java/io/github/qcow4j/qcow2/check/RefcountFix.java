package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Writes refcount blocks whose counters were put right.
 *
 * <p>Each counter is right by itself for the references that the disk holds, and none crosses a
 * sector: whichever of them a power cut lets through, none is worse than before. So they need no
 * order among themselves. For one thread.
 */
final class RefcountFix {

  /**
   * So many runs of freed clusters are given back to the file system, which takes a few megabytes
   * of memory to note, and long: 50 000 holes of 4 KiB were punched on ext4 in 13 s, 0.7 s of
   * processor time, while the disk was busy. What is beyond is free all the same, for the image.
   */
  private static final int MAX_FREED_RUNS = 1 << 16;

  private final BlockFile file;
  private final int clusterBits;
  private final boolean raising;
  private final LongPredicate lowering;
  private final List<Run> freed = new ArrayList<>();
  private boolean changed;

  private record Run(long firstCluster, long endCluster) {}

  /**
   * @param raising whether counters that are too low may be raised
   * @param lowering the clusters whose counters may be lowered
   */
  RefcountFix(BlockFile file, int clusterBits, boolean raising, LongPredicate lowering) {
    this.file = file;
    this.clusterBits = clusterBits;
    this.raising = raising;
    this.lowering = lowering;
  }

  boolean mayRaise() {
    return raising;
  }

  /** Whether a counter may be lowered; takes note of a cluster that becomes free. */
  boolean mayLower(long cluster, boolean toZero) {
    if (!lowering.test(cluster)) {
      return false;
    }
    if (toZero) {
      Run last = freed.isEmpty() ? null : freed.getLast();
      if (last != null && last.endCluster == cluster) {
        freed.set(freed.size() - 1, new Run(last.firstCluster, cluster + 1));
      } else if (freed.size() < MAX_FREED_RUNS) {
        freed.add(new Run(cluster, cluster + 1));
      }
    }
    return true;
  }

  /** Writes one block; not durable on return. */
  void write(long hostOffset, byte[] bytes, int position, int length) throws IOException {
    file.write(ByteBuffer.wrap(bytes, position, length), hostOffset);
    changed = true;
  }

  /** Makes all of it durable, and then gives freed storage back to the file system. */
  void finish() throws IOException {
    if (!changed) {
      return;
    }
    file.sync();
    long end = file.size();
    for (Run run : freed) {
      long from = run.firstCluster << clusterBits;
      long to = Math.min(run.endCluster << clusterBits, end);
      if (from < to) {
        file.punchHole(from, to - from);
      }
    }
  }

  /** Whether some counter was written. */
  boolean changedAnything() {
    return changed;
  }
}
