package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.cluster.ClusterMap;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L1Table;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;

/**
 * Writes to one image, for any number of threads: decides under the lock of the tables, does it
 * outside, and links the result under the lock again. {@link WriterLocks} tells who waits for whom.
 *
 * <p>Long because there are that many ways to write, each a few lines with what it promises; what
 * they decide and do stands in the classes beside it.
 */
public final class ImageWriter {

  private final Qcow2Header header;
  private final BlockFile dataFile;
  private final boolean hasBacking;
  private final MutableTables tables;
  private final WriteOrder order;
  private final BitmapTracking bitmaps;
  private final long dirtyBudgetBytes;
  private final WriterLocks locks;
  private final CompressedWrites compressed;
  private final ClusterFill filling;

  // What these work on is used under the metadata lock only.
  private final ClusterMap map;
  private final WritePlanner planner;
  private final ZeroPlanner zeroPlanner;
  private boolean abandoned;

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
    this.locks = new WriterLocks(header.clusterBits(), tables::isRefusal);
    this.compressed = new CompressedWrites(header, tables, bitmaps, locks);
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
    return locks.operation();
  }

  /** What stands at a guest offset; the caller holds {@link #operation}. */
  public Mapping map(long guestOffset, long maxBytes) throws IOException {
    return locks.atTables(() -> map.map(guestOffset, maxBytes));
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
    locks.changing(guestOffset, data.remaining(), () -> writeLocked(guestOffset, data, old));
    flushWhenFull();
  }

  private void writeLocked(long guestOffset, ByteBuffer data, OldContent old) throws IOException {
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
    locks.changing(
        guestOffset, lengthBytes, () -> preallocateLocked(guestOffset, lengthBytes, storage));
    flushWhenFull();
  }

  private void preallocateLocked(long guestOffset, long lengthBytes, ZeroStorage storage)
      throws IOException {
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
  }

  private WritePlan plan(long guestOffset, long lengthBytes) throws IOException {
    return locks.changeTables(() -> planner.plan(guestOffset, lengthBytes));
  }

  /** Brings content to clusters that are not linked yet. */
  @FunctionalInterface
  private interface FillStep {
    /** Whether the content is there; if not, the clusters are not wanted. */
    boolean fill() throws IOException;
  }

  private boolean fillAndLink(WritePlan.Fill fill, FillStep step) throws IOException {
    boolean linked = false;
    try {
      if (step.fill()) {
        locks.onTables(() -> planner.link(fill));
        linked = true;
      }
    } finally {
      if (!linked) {
        locks.undo(() -> planner.abandon(fill));
      }
    }
    return linked;
  }

  /**
   * Brings another file's bytes to guest clusters without taking them in hand.
   *
   * @param guestOffset where, at a cluster or subcluster
   * @param source the bytes, whole clusters or subclusters
   * @param old the guest's bytes as they are now
   * @return how many from the beginning are there now; less than all where the files, or these
   *     offsets, cannot do it
   */
  public CopyResult copyFrom(long guestOffset, FileBytes source, OldContent old)
      throws IOException {
    AtomicReference<CopyResult> copied = new AtomicReference<>(CopyResult.NONE);
    locks.changing(
        guestOffset,
        source.lengthBytes(),
        () -> {
          bitmaps.touch(guestOffset, source.lengthBytes());
          boolean goingOn = true;
          for (long done = 0; goingOn && done < source.lengthBytes(); ) {
            WritePlan plan = plan(guestOffset + done, source.lengthBytes() - done);
            FileBytes part = source.part(done, plan.lengthBytes());
            CopyResult result = copyOne(plan, guestOffset + done, part, old);
            copied.set(copied.get().plus(result));
            done += result.totalBytes();
            goingOn = result.totalBytes() == part.lengthBytes();
          }
        });
    flushWhenFull();
    return copied.get();
  }

  private CopyResult copyOne(WritePlan plan, long guestOffset, FileBytes part, OldContent old)
      throws IOException {
    return switch (plan) {
      case WritePlan.InPlace inPlace -> filling.copyFrom(inPlace, guestOffset, part, old);
      case WritePlan.Fill fill -> {
        AtomicReference<CopyResult> result = new AtomicReference<>(CopyResult.NONE);
        boolean linked =
            fillAndLink(
                fill,
                () -> {
                  result.set(filling.copyFrom(fill, guestOffset, part, old));
                  return result.get().totalBytes() == part.lengthBytes();
                });
        yield linked ? result.get() : CopyResult.NONE;
      }
    };
  }

  /**
   * Stores guest clusters compressed.
   *
   * @param guestOffset the first cluster's beginning
   * @param lengths for each cluster how long its stream is, less than a cluster; 0 leaves the
   *     cluster as it is; consumed
   * @param streams one behind the other, streams of the image's compression type that decode to
   *     whole clusters; consumed
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has an external
   *     data file; nothing is changed then
   */
  public void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams)
      throws IOException {
    compressed.write(guestOffset, lengths, streams);
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
    return compressed.generation();
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

  private long changeTables(long guestOffset, long lengthBytes, WriterLocks.Question<Long> change)
      throws IOException {
    AtomicLong done = new AtomicLong();
    locks.changing(
        guestOffset,
        lengthBytes,
        () -> {
          bitmaps.touch(guestOffset, lengthBytes);
          done.set(locks.changeTables(change));
        });
    flushWhenFull();
    return done.get();
  }

  /** Makes every completed operation durable. */
  public void sync() throws IOException {
    locks.onTables(() -> {
      order.syncDataFile();
      order.flush(locks::isIdle);
    });
  }

  /** Makes everything durable, the references taken back included; nothing else is under way. */
  public void finish() throws IOException {
    boolean finished = false;
    try {
      locks.onTables(() -> {
        order.syncDataFile();
        storeAll();
      });
      finished = true;
    } finally {
      if (!finished) {
        abandon();
      }
    }
  }

  /**
   * Counts anew what is counted in the file for writes that found no room to be linked, as far as
   * the storage lets: the failure before is the one to be told. Nothing else is under way, and this
   * writer is of no more use afterwards. Without such a failure nothing is done.
   */
  public void abandon() {
    try {
      locks.undo(() -> {
        if (order.isOutOfRoom() && !abandoned) {
          abandoned = true;
          new Retreat(tables, header).run(order.emptied());
        }
      });
    } catch (IOException | RuntimeException e) {
      // They stay lost, until a check finds them.
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
      long fileBytes = tables.file().size();
      StructureSwitch structure = structureSwitch();
      boolean changed = false;
      try {
        change.apply(tables.l1(), structure);
        changed = true;
      } finally {
        if (!changed) {
          structure.abandon(fileBytes);
        }
      }
    });
  }

  private StructureSwitch structureSwitch() throws IOException {
    long clusterSize = header.clusterSize();
    long endCluster = (tables.hostEnd() + clusterSize - 1) / clusterSize;
    Qcow2Header inFile = headerInFile(header);
    ShadowRefcounts refcounts =
        new ShadowRefcounts(
            tables.file(),
            inFile,
            order.refcountTableInFile(),
            tables.refcounts(),
            tables.overlap(),
            endCluster,
            dirtyBudgetBytes);
    return new StructureSwitch(
        tables.file(), inFile, refcounts, tables.overlap(), dirtyBudgetBytes);
  }

  /** The same, with new structures in free clusters before the end, as far as there are some. */
  void changeStructureInGaps(StructureChange change) throws IOException {
    changeStructure((active, structure) -> {
      structure.refcounts().fillGaps();
      change.apply(active, structure);
    });
  }

  /** Something that is done while nothing else is under way. */
  @FunctionalInterface
  interface Alone {
    void run(MutableTables tables) throws IOException;
  }

  /** Makes everything durable that was changed, and then does something, alone. */
  void alone(Alone action) throws IOException {
    locks.alone(() -> {
      storeAll();
      action.run(tables);
    });
  }

  private void storeAll() throws IOException {
    flushAlone();
    bitmaps.store(tables, this::flushAlone);
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
    locks.alone(() -> change.apply(tables, order));
  }

  private void flushWhenFull() throws IOException {
    locks.onTables(() -> {
      if (tables.dirtyBytes() > dirtyBudgetBytes) {
        order.flush(locks::isIdle);
      }
    });
  }
}
