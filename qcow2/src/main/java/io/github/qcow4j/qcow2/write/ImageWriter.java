package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.cluster.ClusterMap;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Writes to one image, for any number of threads.
 *
 * <p>Three locks, always taken in this order:
 *
 * <ol>
 *   <li>{@code operations}: every operation holds it shared from its first look at the tables to
 *       the end of its last access to guest data. Clusters that were taken back are handed out
 *       again only when nobody holds it, so that no operation meets another's data in a cluster it
 *       looked up before.
 *   <li>{@code ranges}: operations that change the same guest clusters take turns.
 *   <li>{@code metadata}: looking at tables and changing them. Held for no access to guest data.
 * </ol>
 */
public final class ImageWriter {

  /** Numbers that no two states of compressed clusters share, of whatever image. */
  private static final AtomicLong GENERATIONS = new AtomicLong();

  private final Qcow2Header header;
  private final BlockFile dataFile;
  private final boolean hasBacking;
  private final MutableTables tables;
  private final WriteOrder order;
  private final BitmapTracking bitmaps;
  private final long dirtyBudgetBytes;
  private volatile long compressedGeneration = GENERATIONS.incrementAndGet();
  private final ReentrantReadWriteLock operations = new ReentrantReadWriteLock();
  private final GuestRangeLocks ranges = new GuestRangeLocks();
  private final ReentrantLock metadata = new ReentrantLock();

  // What these work on is used under the metadata lock only.
  private final ClusterMap map;
  private final WritePlanner planner;
  private final ZeroPlanner zeroPlanner;
  private final ClusterFill filling;

  /** How the old bytes of the guest are read, through all layers. */
  @FunctionalInterface
  public interface OldContent {

    /**
     * Fills {@code target} with the guest's bytes; past the end of the disk with zeros.
     *
     * @param guestOffset where to begin
     */
    void read(long guestOffset, ByteBuffer target) throws IOException;
  }

  ImageWriter(
      Qcow2Header header,
      BlockFile dataFile,
      boolean hasBacking,
      MutableTables tables,
      WriteOrder order,
      BitmapTracking bitmaps,
      long dirtyBudgetBytes)
      throws IOException {
    this.header = header;
    this.dataFile = dataFile;
    this.hasBacking = hasBacking;
    this.tables = tables;
    this.order = order;
    this.bitmaps = bitmaps;
    this.dirtyBudgetBytes = dirtyBudgetBytes;
    this.map =
        new ClusterMap(
            tables.file(),
            header,
            tables.l1(),
            (file, hostOffset, clusterSize, extended) -> tables.l2At(hostOffset),
            tables::hostEnd);
    this.planner = new WritePlanner(header, tables);
    this.zeroPlanner = new ZeroPlanner(header, tables);
    this.filling = new ClusterFill(dataFile);
  }

  /**
   * What keeps clusters from being handed out again while they are used; to be held while reading.
   */
  public Lock operation() {
    return operations.readLock();
  }

  /** What stands at a guest offset; the caller holds {@link #operation}. */
  public Mapping map(long guestOffset, long maxBytes) throws IOException {
    metadata.lock();
    try {
      return map.map(guestOffset, maxBytes);
    } finally {
      metadata.unlock();
    }
  }

  /**
   * Writes guest bytes.
   *
   * @param guestOffset where, the whole range within the disk
   * @param data what; consumed
   * @param old the guest's bytes as they are now
   */
  public void write(long guestOffset, ByteBuffer data, OldContent old) throws IOException {
    if (!data.hasRemaining()) {
      return;
    }
    operations.readLock().lock();
    GuestRangeLocks.Range range = lockRange(guestOffset, data.remaining());
    try {
      bitmaps.touch(guestOffset, data.remaining());
      long position = guestOffset;
      while (data.hasRemaining()) {
        WritePlan plan = plan(position, data.remaining());
        int length = (int) plan.lengthBytes();
        ByteBuffer part = data.slice(data.position(), length);
        switch (plan) {
          case WritePlan.InPlace inPlace -> dataFile.write(part, inPlace.hostOffset());
          case WritePlan.Fill fill -> {
            long start = position;
            boolean _ =
                fillAndLink(
                    fill,
                    () -> {
                      filling.write(fill, start, part, old);
                      return true;
                    });
          }
        }
        data.position(data.position() + length);
        position += length;
      }
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
    flushWhenFull();
  }

  /** Gives a part of a file storage, where it has none yet, that reads as zeros. */
  @FunctionalInterface
  public interface ZeroStorage {

    /**
     * Makes a range zeros.
     *
     * @param file the file that holds guest data
     * @param hostOffset where the range begins in it
     * @param lengthBytes its length
     */
    void take(BlockFile file, long hostOffset, long lengthBytes) throws IOException;
  }

  /**
   * Gives guest clusters a place that reads as zeros, where they have none of their own.
   *
   * @param guestOffset where to begin, at a cluster
   * @param lengthBytes whole clusters
   * @param storage makes their places zeros
   */
  public void preallocate(long guestOffset, long lengthBytes, ZeroStorage storage)
      throws IOException {
    operations.readLock().lock();
    GuestRangeLocks.Range range = lockRange(guestOffset, lengthBytes);
    try {
      long position = guestOffset;
      long end = guestOffset + lengthBytes;
      while (position < end) {
        WritePlan plan = plan(position, end - position);
        if (plan instanceof WritePlan.Fill fill) {
          boolean _ =
              fillAndLink(
                  fill,
                  () -> {
                    storage.take(dataFile, fill.hostOffset(), fill.guestEnd() - fill.guestStart());
                    return true;
                  });
        }
        position += plan.lengthBytes();
      }
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
    flushWhenFull();
  }

  private WritePlan plan(long guestOffset, long lengthBytes) throws IOException {
    metadata.lock();
    try {
      return planner.plan(guestOffset, lengthBytes);
    } finally {
      metadata.unlock();
    }
  }

  /** Brings content to clusters that are not linked yet. */
  @FunctionalInterface
  private interface FillStep {
    /** Whether the content is there; if not, the clusters are not wanted. */
    boolean fill() throws IOException;
  }

  private boolean fillAndLink(WritePlan.Fill fill, FillStep step) throws IOException {
    boolean filled = false;
    try {
      filled = step.fill();
    } finally {
      metadata.lock();
      try {
        if (filled) {
          planner.link(fill);
        } else {
          planner.abandon(fill);
        }
      } finally {
        metadata.unlock();
      }
    }
    return filled;
  }

  /**
   * Puts another file's bytes to whole guest clusters by sharing their storage; nothing is copied.
   *
   * @param guestOffset where, at a cluster
   * @param source the other file
   * @param sourceOffset where in it the bytes stand
   * @param lengthBytes whole clusters
   * @return how many bytes from the beginning are shared now; less than {@code lengthBytes} where
   *     these files, or these offsets, cannot share, which changes nothing there
   */
  public long share(long guestOffset, BlockFile source, long sourceOffset, long lengthBytes)
      throws IOException {
    long done = 0;
    operations.readLock().lock();
    GuestRangeLocks.Range range = lockRange(guestOffset, lengthBytes);
    try {
      bitmaps.touch(guestOffset, lengthBytes);
      boolean shared = true;
      while (shared && done < lengthBytes) {
        WritePlan plan = plan(guestOffset + done, lengthBytes - done);
        long from = sourceOffset + done;
        shared =
            switch (plan) {
              case WritePlan.InPlace inPlace -> filling.share(inPlace, source, from);
              case WritePlan.Fill fill ->
                  fillAndLink(fill, () -> filling.share(fill, source, from));
            };
        done += shared ? plan.lengthBytes() : 0;
      }
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
    flushWhenFull();
    return done;
  }

  /**
   * Stores one guest cluster compressed.
   *
   * @param guestOffset the cluster's beginning
   * @param compressed a stream of the image's compression type that decodes to the whole cluster,
   *     less than a cluster long; consumed
   */
  public void writeCompressed(long guestOffset, ByteBuffer compressed) throws IOException {
    int length = compressed.remaining();
    operations.readLock().lock();
    GuestRangeLocks.Range range = lockRange(guestOffset, 1);
    try {
      bitmaps.touch(guestOffset, header.clusterSize());
      long hostOffset;
      metadata.lock();
      try {
        tables.changed(tables.openL2(guestOffset));
        hostOffset = tables.allocator().allocatePacked(length);
      } finally {
        metadata.unlock();
      }
      tables.file().write(compressed, hostOffset);
      metadata.lock();
      try {
        compressedGeneration = GENERATIONS.incrementAndGet();
        MutableTables.OpenL2 open = tables.openL2(guestOffset);
        int index = tables.l2Index(guestOffset);
        tables.freeLater(open.table().entry(index));
        open.table()
            .setEntry(index, L2Entry.compressedEntry(hostOffset, length, header.clusterBits()));
        if (tables.extended()) {
          open.table().setSubclusterBitmap(index, 0);
        }
        tables.changed(open);
      } finally {
        metadata.unlock();
      }
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
    flushWhenFull();
  }

  /**
   * Makes whole clusters, or subclusters, read as zeros by the tables alone.
   *
   * @param guestOffset where to begin
   * @param lengthBytes how many bytes
   * @param mayUnmap whether their storage may be given back
   * @return how many bytes from the beginning were made zeros; the caller writes zeros where the
   *     tables cannot say it: 0 then
   */
  public long zeroByTables(long guestOffset, long lengthBytes, boolean mayUnmap)
      throws IOException {
    return changeTables(
        guestOffset,
        lengthBytes,
        () -> zeroPlanner.zero(guestOffset, lengthBytes, mayUnmap, hasBacking));
  }

  /**
   * Gives the storage of whole clusters back.
   *
   * @param guestOffset where to begin, at a cluster
   * @param lengthBytes whole clusters
   * @return how many bytes from the beginning were dealt with, at least one cluster
   */
  public long discardByTables(long guestOffset, long lengthBytes) throws IOException {
    return changeTables(
        guestOffset, lengthBytes, () -> zeroPlanner.discard(guestOffset, lengthBytes, hasBacking));
  }

  /** Whether changed metadata is synced in its order; not so in a file nobody can find yet. */
  public boolean isSyncing() {
    return order.isSyncing();
  }

  /** A number that changes whenever a compressed cluster is written; never 0. */
  public long compressedGeneration() {
    return compressedGeneration;
  }

  /**
   * Gives the storage of whole clusters back that no longer belong to the disk; they become
   * unallocated.
   *
   * @param guestOffset where to begin, at a cluster
   * @param lengthBytes whole clusters
   * @return how many bytes from the beginning were dealt with, at least one cluster
   */
  public long dropByTables(long guestOffset, long lengthBytes) throws IOException {
    return changeTables(guestOffset, lengthBytes, () -> zeroPlanner.drop(guestOffset, lengthBytes));
  }

  /** A change of tables that moves no guest data. */
  @FunctionalInterface
  private interface TableChange {
    long apply() throws IOException;
  }

  private long changeTables(long guestOffset, long lengthBytes, TableChange change)
      throws IOException {
    long done;
    operations.readLock().lock();
    GuestRangeLocks.Range range = lockRange(guestOffset, lengthBytes);
    try {
      bitmaps.touch(guestOffset, lengthBytes);
      metadata.lock();
      try {
        done = change.apply();
      } finally {
        metadata.unlock();
      }
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
    flushWhenFull();
    return done;
  }

  /** Makes every completed operation durable. */
  public void sync() throws IOException {
    if (!dataFile.equals(tables.file())) {
      dataFile.sync();
    }
    metadata.lock();
    try {
      order.flush(this::releaseIfIdle);
    } finally {
      metadata.unlock();
    }
  }

  /** Makes everything durable, the references taken back included; nothing else is under way. */
  public void finish() throws IOException {
    if (!dataFile.equals(tables.file())) {
      dataFile.sync();
    }
    metadata.lock();
    try {
      flushAlone();
      bitmaps.store(tables, this::flushAlone);
    } finally {
      metadata.unlock();
    }
  }

  /** A change of several structures at once. */
  @FunctionalInterface
  interface StructureChange {
    void apply(L1Table active, StructureSwitch change) throws IOException;
  }

  /**
   * Changes several structures at once, while nothing else is under way. Afterwards, whether it
   * succeeded or not, this writer is of no more use: the image is to be opened anew.
   */
  void changeStructure(StructureChange change) throws IOException {
    alone(all -> {
      long clusterSize = header.clusterSize();
      long endCluster = (tables.hostEnd() + clusterSize - 1) / clusterSize;
      Qcow2Header inFile = headerInFile(header);
      ShadowRefcounts refcounts =
          new ShadowRefcounts(
              tables.file(), inFile, order.refcountTableInFile(), tables.refcounts(), endCluster);
      change.apply(
          tables.l1(), new StructureSwitch(tables.file(), inFile, tables.l2Pages(), refcounts));
    });
  }

  /** Something that is done while nothing else is under way. */
  @FunctionalInterface
  interface Alone {
    void run(MutableTables tables) throws IOException;
  }

  /** Makes everything durable that was changed, and then does something, alone. */
  void alone(Alone action) throws IOException {
    operations.writeLock().lock();
    metadata.lock();
    try {
      flushAlone();
      bitmaps.store(tables, this::flushAlone);
      action.run(tables);
    } finally {
      metadata.unlock();
      operations.writeLock().unlock();
    }
  }

  /** Makes everything durable, the references taken back included, while nothing is under way. */
  void flushAlone() throws IOException {
    order.flushAll(() -> true);
  }

  /** The header as it stands in the file, when everything is written. */
  Qcow2Header headerInFile(Qcow2Header asOpened) {
    ShadowRefcounts.Place place = order.refcountTableInFile();
    return HeaderDraft.of(asOpened).refcountTable(place.hostOffset(), place.clusters()).header();
  }

  /** A change of the tables and of what they stand on. */
  @FunctionalInterface
  interface TablesChange {
    void apply(MutableTables all, WriteOrder ordered) throws IOException;
  }

  /** Changes tables while nothing else is under way. */
  void changeAlone(TablesChange change) throws IOException {
    operations.writeLock().lock();
    metadata.lock();
    try {
      change.apply(tables, order);
    } finally {
      metadata.unlock();
      operations.writeLock().unlock();
    }
  }

  /** Whether no operation is under way that could still use clusters taken back. */
  private boolean releaseIfIdle() {
    if (operations.writeLock().tryLock()) {
      operations.writeLock().unlock();
      return true;
    }
    return false;
  }

  private void flushWhenFull() throws IOException {
    metadata.lock();
    try {
      if (tables.dirtyBytes() > dirtyBudgetBytes) {
        order.flush(this::releaseIfIdle);
      }
    } finally {
      metadata.unlock();
    }
  }

  private GuestRangeLocks.Range lockRange(long guestOffset, long lengthBytes) {
    return ranges.lock(
        guestOffset >>> header.clusterBits(),
        (guestOffset + lengthBytes - 1) >>> header.clusterBits());
  }
}
