package io.github.qcow4j.qcow2.table;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The L2 tables last used, of all layers of a chain together, within one byte budget.
 *
 * <p>One budget for the whole chain keeps memory independent of its depth and of the size of the
 * disk. Safe for use by many threads; a table missed by two at once may be loaded twice, which
 * costs a read and harms nothing.
 */
public final class L2Cache implements L2Source {

  /**
   * 16 MiB hold the L2 tables of 128 GiB at 64 KiB clusters, and eight tables at 2 MiB clusters.
   * Walks from front to back need one table at a time.
   *
   * <p>To find a cluster anywhere, every one mapped, took with 4, 16 and 64 MiB 1.4, 0.8 and 1.8
   * microseconds in a disk of 32 GiB, whose tables take 4 MiB, 59, 47 and 1.9 in one of 256 GiB,
   * 51, 76 and 115 in one of 1 TiB, on a busy machine: only a budget that holds all tables is
   * better, and every open image has one of its own.
   */
  public static final long DEFAULT_BUDGET_BYTES = 16L << 20;

  private final long budgetBytes;

  @GuardedBy("this")
  private final LinkedHashMap<Key, L2Table> tables = new LinkedHashMap<>(16, 0.75f, true);

  /** A walk through a chain is at one table of each layer, and comes back to it with each step. */
  @GuardedBy("this")
  private final Set<BlockFile> layers = new HashSet<>();

  @GuardedBy("this")
  private long heldBytes;

  /** Compared without what a record has by itself, which is linked anew at every start. */
  private record Key(BlockFile file, long hostOffset) {

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that && file.equals(that.file) && hostOffset == that.hostOffset;
    }

    @Override
    public int hashCode() {
      return file.hashCode() * 31 + Long.hashCode(hostOffset);
    }
  }

  /**
   * @param budgetBytes how much to hold; as many tables as there are layers, those last used, are
   *     held even when they are larger
   */
  public L2Cache(long budgetBytes) {
    this.budgetBytes = budgetBytes;
  }

  @Override
  public L2Table get(BlockFile file, long hostOffset, int clusterSize, boolean extended)
      throws IOException {
    Key key = new Key(file, hostOffset);
    L2Table held = held(key);
    if (held != null) {
      return held;
    }
    byte[] bytes = new byte[clusterSize];
    file.readPadded(ByteBuffer.wrap(bytes), hostOffset);
    L2Table table = new L2Table(bytes, extended);
    hold(key, table);
    return table;
  }

  private synchronized @Nullable L2Table held(Key key) {
    return tables.get(key);
  }

  private synchronized void hold(Key key, L2Table table) {
    layers.add(key.file);
    L2Table before = tables.put(key, table);
    heldBytes += table.memoryBytes() - (before == null ? 0 : before.memoryBytes());
    Iterator<L2Table> eldest = tables.values().iterator();
    while (heldBytes > budgetBytes && tables.size() > layers.size()) {
      heldBytes -= eldest.next().memoryBytes();
      eldest.remove();
    }
  }
}
