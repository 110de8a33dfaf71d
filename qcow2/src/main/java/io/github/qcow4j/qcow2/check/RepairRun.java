package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * One run of a repair. The steps, each durable before the next begins, and none making worse what a
 * power cut leaves:
 *
 * <ol>
 *   <li>entries that are written in another way and mean the same;
 *   <li>refcounts, where they stand or all of them anew;
 *   <li>copied flags, which follow the refcounts;
 *   <li>the snapshot table;
 *   <li>the bits that call the image dirty or corrupt.
 * </ol>
 *
 * <p>Used once, by one thread.
 */
final class RepairRun {

  private final BlockFile file;
  private final RepairScope scope;
  private final CheckTally tally;
  private final JobControl control;
  private Qcow2Header header;
  private CheckTally.Counts atStart;

  RepairRun(
      BlockFile file, Qcow2Header header, RepairScope scope, CheckTally tally, JobControl control) {
    this.file = file;
    this.header = header;
    this.scope = scope;
    this.tally = tally;
    this.control = control;
    this.atStart = tally.counts();
  }

  RepairReport run(List<Bitmap> bitmaps) throws IOException {
    try {
      return repair(bitmaps);
    } catch (EndedByLimit e) {
      throw e.limit();
    }
  }

  private RepairReport repair(List<Bitmap> bitmaps) throws IOException {
    SnapshotTableRepair snapshotTable = new SnapshotTableRepair(file, header, scope, tally);
    SnapshotAudit snapshots = snapshotTable.read();
    atStart = tally.counts();
    header = snapshotTable.header();
    ImageCheck.requireCountable(file, header);
    MetadataPlaces places = places(snapshots, bitmaps);
    EntryRepairs repairs = new EntryRepairs(file, header, places);
    CheckReport report;
    boolean trusted;
    try (CheckRun run =
        new CheckRun(file, header, tally, control, fixesErrors() ? repairs : null)) {
      places.addBlocks(run.table());
      run.countReferences(snapshots, bitmaps);
      trusted = run.mappingsTrusted();
      repairs.apply();
      CheckTally.Counts walked = tally.counts();
      run.compareCounts(null);
      if (run.refcountsUnusable()) {
        requireErrorsInScope();
        report = rebuild(run, places, snapshots, bitmaps);
      } else {
        if (mayFixCounts(walked, trusted)) {
          tally.restart(walked);
          fixCounts(run, trusted ? cluster -> true : cluster -> false);
        }
        run.checkCopiedFlags(mayFixFlags() ? repairs : null);
        report = run.report();
      }
    }
    snapshotTable.rewrite(trusted && report.corruptions() == 0, bitmaps);
    if (tally.corruptions() == 0 && tally.checkErrors() == 0) {
      clearDamageBits();
    }
    return new RepairReport(
        report.counting(tally.corruptions(), tally.leaks(), tally.checkErrors()),
        tally.leaksFixed(),
        tally.corruptionsFixed());
  }

  private MetadataPlaces places(SnapshotAudit snapshots, List<Bitmap> bitmaps) {
    return new MetadataPlaces(header, snapshots.snapshots(), snapshots.tableBytes(), bitmaps);
  }

  private boolean fixesErrors() {
    return scope == RepairScope.ALL;
  }

  /** Whether there is something to put right about counts, and it is safe to. */
  private boolean mayFixCounts(CheckTally.Counts walked, boolean trusted) {
    boolean nothingWrong = tally.leaks() == 0 && tally.corruptions() == atStart.corruptions();
    boolean tooLow = tally.corruptions() > walked.corruptions();
    return !nothingWrong && (trusted || tally.leaks() == 0 || (tooLow && fixesErrors()));
  }

  private boolean mayFixFlags() {
    CheckTally.Counts now = tally.counts();
    return fixesErrors()
        || (now.corruptions() == atStart.corruptions() && now.leaks() + now.checkErrors() == 0);
  }

  private void requireErrorsInScope() throws CorruptImageException {
    if (!fixesErrors()) {
      tally.report(new RepairFinding.RebuildNeeded());
      throw new CorruptImageException(
          file.path(),
          "refcounts must be written anew, which -r all does",
          "refcount structure",
          header.refcountTableOffset());
    }
  }

  private void fixCounts(CheckRun run, LongPredicate mayLower) throws IOException {
    RefcountFix fix = new RefcountFix(file, header.clusterBits(), fixesErrors(), mayLower);
    run.compareCounts(fix);
    fix.finish();
  }

  private CheckReport rebuild(
      CheckRun damaged, MetadataPlaces places, SnapshotAudit snapshots, List<Bitmap> bitmaps)
      throws IOException {
    CheckTally.Counts before = tally.counts();
    tally.report(new RepairFinding.RebuildingRefcounts());
    LongPredicate oldStructure = structure(header, damaged.table());
    new RefcountRebuild(file, header, damaged, places).run();
    header = HeaderParser.parse(file, true);
    MetadataPlaces newPlaces = places(snapshots, bitmaps);
    EntryRepairs rules = new EntryRepairs(file, header, newPlaces);
    try (CheckRun rebuilt = new CheckRun(file, header, tally, control, null)) {
      newPlaces.addBlocks(rebuilt.table());
      tally.restart(new CheckTally.Counts(atStart.corruptions(), 0, before.checkErrors()));
      rebuilt.countReferences(snapshots, bitmaps);
      CheckTally.Counts walked = tally.counts();
      fixCounts(rebuilt, damaged.mappingsTrusted() ? cluster -> true : oldStructure);
      long leaksLeft = tally.leaks();
      tally.restart(new CheckTally.Counts(walked.corruptions(), leaksLeft, tally.checkErrors()));
      tally.forgetFixedLeaks();
      tally.addFixed(before, tally.counts());
      rebuilt.checkCopiedFlags(rules);
      return rebuilt.report();
    }
  }

  /** The clusters of a refcount structure. */
  private static LongPredicate structure(Qcow2Header header, RefcountTable table) {
    long first = header.refcountTableOffset() >>> header.clusterBits();
    long end = first + header.refcountTableClusters();
    java.util.Set<Long> blocks = new java.util.HashSet<>();
    for (int i = 0; i < table.size(); i++) {
      if (table.blockOffset(i) != 0) {
        blocks.add(table.blockOffset(i) >>> header.clusterBits());
      }
    }
    return cluster -> (cluster >= first && cluster < end) || blocks.contains(cluster);
  }

  private void clearDamageBits() throws IOException {
    long damage = Feature.DIRTY.mask() | Feature.CORRUPT.mask();
    if (header.version() >= 3 && (header.incompatibleFeatures() & damage) != 0) {
      file.write(
          ByteBuffer.allocate(Long.BYTES).putLong(0, header.incompatibleFeatures() & ~damage),
          HeaderField.INCOMPATIBLE_FEATURES);
      file.sync();
    }
  }
}
