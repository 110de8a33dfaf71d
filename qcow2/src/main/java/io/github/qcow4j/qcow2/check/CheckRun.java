package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountReader;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run of a check: count all references, compare them with what is stored, look at the copied
 * flags. Used once, by one thread.
 */
final class CheckRun implements AutoCloseable {

  /**
   * How many bytes of refcount blocks are held for single counts. Nearly all questions are answered
   * by {@link StoredOnes}: a check of 1 TiB with all metadata takes 0.24 to 0.25 s of processor
   * time with one block of 64 KiB, 1, 4 and 16 MiB.
   */
  private static final long HELD_BLOCK_BYTES = 4L << 20;

  private final BlockFile file;
  private final Qcow2Header header;
  private final CheckTally tally;
  private final JobControl control;
  private final WalkLimit limit;
  private final @Nullable EntryRepairs repairs;
  private final CounterCodec codec;
  private final RefcountTable table;
  private final References references;
  private final StoredOnes ones;
  private final TableStream stream;
  private final MappingWalk mapping;
  private StoredCounts stored;
  private boolean mappingsTrusted;
  private boolean refcountsUnusable;
  private long highestUsed;

  /**
   * @param repairs takes what entries should say, or null to report only
   */
  CheckRun(
      BlockFile file,
      Qcow2Header header,
      CheckTally tally,
      JobControl control,
      @Nullable EntryRepairs repairs)
      throws IOException {
    this.file = file;
    this.header = header;
    this.tally = tally;
    this.control = control;
    this.limit = new WalkLimit(file, tally);
    this.repairs = repairs;
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.table = RefcountTable.load(file, header);
    this.references =
        new References(fileBytes(file), header.clusterBits(), codec.maxValue(), tally);
    RefcountReader reader = reader();
    this.stored = new StoredCounts(table, reader, tally, limit);
    this.stream = new TableStream(file, header.clusterSize(), control, limit);
    this.ones = new StoredOnes(table, reader, codec, references.clustersInFile());
    this.mapping =
        new MappingWalk(file, header, references, ones, tally, stream, control, limit, repairs);
  }

  private RefcountReader reader() {
    return new RefcountReader(file, header, table, HELD_BLOCK_BYTES);
  }

  /** QEMU counts a file in whole sectors, and so does what it finds past the end of one. */
  private static long fileBytes(BlockFile file) throws IOException {
    return (file.size() + FormatLimits.SECTOR_BYTES - 1) & -FormatLimits.SECTOR_BYTES;
  }

  /**
   * @param inspecting whether structures that do not stand alone, and compressed clusters just
   *     behind the end of the file, are told as well
   */
  CheckReport check(SnapshotAudit snapshots, List<Bitmap> bitmaps, boolean inspecting)
      throws IOException {
    if (inspecting) {
      mapping.tellPastEnd(file.size());
    }
    countReferences(snapshots, bitmaps);
    if (inspecting) {
      new OverlapAudit(file, header, tally, control, limit).run(references, snapshots, bitmaps);
    }
    compareCounts(null);
    checkCopiedFlags(null);
    return report();
  }

  CheckReport report() {
    ClusterStatistics statistics = mapping.statistics();
    return new CheckReport(
        tally.corruptions(),
        tally.leaks(),
        tally.checkErrors(),
        References.clustersIn(header.virtualSize(), header.clusterBits()),
        statistics.allocated(),
        statistics.fragmented(),
        statistics.compressed(),
        (highestUsed + 1) << header.clusterBits());
  }

  /** Walks all tables, and counts what they refer to. */
  void countReferences(SnapshotAudit snapshots, List<Bitmap> bitmaps) throws IOException {
    limit.beginStep();
    long before = tally.corruptions();
    references.count(0, header.clusterSize());
    mapping.walk(header.l1TableOffset(), header.l1Entries(), true);
    snapshots.walk(mapping, references);
    mappingsTrusted = tally.corruptions() == before;
    references.count(
        header.refcountTableOffset(), (long) header.refcountTableClusters() * header.clusterSize());
    before = tally.corruptions();
    EncryptionHeader encryption = header.extensions().encryptionHeader();
    if (encryption != null) {
      references.count(encryption.hostOffset(), encryption.lengthBytes());
    }
    BitmapAudit.walk(file, header, bitmaps, references, control, limit);
    mappingsTrusted &= tally.corruptions() == before;
    RefcountBlockAudit blocks = new RefcountBlockAudit(table, references, tally, repairs != null);
    blocks.run();
    refcountsUnusable = blocks.foundUnusable();
    if (repairs != null && repairs.dropShared(references, tally)) {
      // What such entries refer to was not counted, as they were to be changed.
      mappingsTrusted = false;
    }
  }

  /** Holds all counts against the references. */
  void compareCounts(@Nullable RefcountFix fix) throws IOException {
    limit.beginStep();
    RefcountComparison comparison =
        new RefcountComparison(table, codec, references, stored, ones, tally, fix);
    control.expect(control.totalUnits() + comparison.size());
    comparison.run(stream);
    refcountsUnusable |= comparison.foundFreeInUse();
    highestUsed = comparison.highestUsed();
    if (fix != null && fix.changedAnything()) {
      stored = new StoredCounts(table, reader(), tally, limit);
      mapping.doubtAll(header.l1Entries());
    }
  }

  /** Looks at the copied flags that may be wrong. */
  void checkCopiedFlags(@Nullable EntryRepairs rules) throws IOException {
    if (mapping.doubtful().isEmpty()) {
      return;
    }
    limit.beginStep();
    long[] l1 = TableEntries.entries(file, header.l1TableOffset(), header.l1Entries());
    FlagRepair repair =
        rules == null ? null : new FlagRepair(file, header, rules, references, mapping);
    CopiedFlagCheck flags = new CopiedFlagCheck(header, l1, stored, tally, repair);
    TableStream.Source tables = flags.tables(mapping.doubtful());
    control.expect(control.totalUnits() + tables.size());
    stream.forEach(tables, flags);
    if (repair != null) {
      repair.finish();
    }
  }

  /**
   * Whether every reference was found: nothing that leads on was damaged. Otherwise what seems to
   * be leaked may be what a damaged entry meant.
   */
  boolean mappingsTrusted() {
    return mappingsTrusted;
  }

  /** Whether the refcounts cannot be put right where they stand. */
  boolean refcountsUnusable() {
    return refcountsUnusable;
  }

  References references() {
    return references;
  }

  RefcountTable table() {
    return table;
  }

  StoredCounts stored() {
    return stored;
  }

  @Override
  public void close() {
    stream.close();
  }
}
