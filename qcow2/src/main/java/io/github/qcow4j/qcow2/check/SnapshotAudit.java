package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import java.io.IOException;
import java.util.List;

/**
 * Reads the snapshot table, reports what is wrong with it, and walks the snapshots. For one thread.
 */
final class SnapshotAudit {

  /** Extra data that holds the disk's size, which version 3 demands. */
  private static final int VERSION_3_EXTRA_BYTES = 16;

  private final BlockFile file;
  private final Qcow2Header header;
  private final CheckTally tally;
  private List<InternalSnapshot> snapshots = List.of();
  private long tableBytes;

  SnapshotAudit(BlockFile file, Qcow2Header header, CheckTally tally) {
    this.file = file;
    this.header = header;
    this.tally = tally;
  }

  /**
   * Reads the table.
   *
   * @throws ImageException when it is no table; the check cannot go on
   * @throws IOException when it cannot be read
   */
  void readTable() throws IOException {
    requirePlace();
    if (header.snapshotCount() == 0) {
      return;
    }
    SnapshotTable.Padded table = readEntries();
    snapshots = table.snapshots();
    tableBytes = table.lengthBytes();
    for (int i = 0; i < snapshots.size(); i++) {
      if (isIncomplete(i)) {
        tally.report(new SnapshotFinding.IncompleteEntry(i));
      }
    }
  }

  /**
   * Reads what of the table can be kept, and reports the rest as removed.
   *
   * @return how many repairs hold only once the table is written anew
   */
  long readTableForRepair() throws IOException {
    requirePlace();
    if (header.snapshotCount() == 0) {
      return 0;
    }
    requireApartFromHeader();
    SnapshotTable.Salvaged table = salvage();
    snapshots = table.snapshots();
    tableBytes = table.lengthBytes();
    long repairs = table.cuts().size();
    for (SnapshotTable.Cut cut : table.cuts()) {
      tally.report(
          new RepairFinding.ExtraDataDiscarded(
              cut.tableIndex(), cut.extraBytes(), FormatLimits.MAX_SNAPSHOT_EXTRA_BYTES));
    }
    if (table.overhanging() > 0) {
      tally.report(new RepairFinding.SnapshotsDiscarded(table.overhanging(), true));
    }
    for (int i = 0; i < snapshots.size(); i++) {
      if (isIncomplete(i)) {
        tally.report(new RepairFinding.Repairing(new SnapshotFinding.IncompleteEntry(i)));
        repairs++;
      }
    }
    return repairs;
  }

  /**
   * Entries that are the header's bytes are nobody's snapshots: to keep them would make room for
   * tables of gigabytes that nothing but these bytes tells of.
   */
  private void requireApartFromHeader() throws CorruptImageException {
    if (header.snapshotsOffset() == 0) {
      tally.report(new SnapshotFinding.UnusableTable("snapshot table overlaps the image header"));
      throw new CorruptImageException(
          file.path(),
          "Snapshot table overlaps the image header",
          "header field snapshots_offset",
          64);
    }
  }

  private SnapshotTable.Salvaged salvage() throws IOException {
    try {
      requireReachable();
      return SnapshotTable.salvage(file, header);
    } catch (IOException e) {
      sayUnreadable("Failed to read snapshot table: " + FailureReason.of(e));
      throw e;
    }
  }

  private boolean isIncomplete(int index) {
    return header.version() >= 3 && snapshots.get(index).extraBytes() < VERSION_3_EXTRA_BYTES;
  }

  private void requireReachable() throws IOException {
    if (!TableEntries.isReachable(header.snapshotsOffset(), header.clusterSize())) {
      throw Errno.EIO.exception("pread", file.path().toString());
    }
  }

  /** The entries. */
  List<InternalSnapshot> snapshots() {
    return snapshots;
  }

  /** How long they are together. */
  long tableBytes() {
    return tableBytes;
  }

  private void requirePlace() throws ImageException {
    long count = Integer.toUnsignedLong(header.snapshotCount());
    if (count > FormatLimits.MAX_SNAPSHOTS) {
      tally.report(
          new SnapshotFinding.UnusableTable(
              "snapshot table too large\nYou can force-remove all "
                  + (count - FormatLimits.MAX_SNAPSHOTS)
                  + " overhanging snapshots with qemu-img check -r all"));
      throw new LimitExceededException(
          file.path(), "Snapshot table too large", "snapshots", FormatLimits.MAX_SNAPSHOTS);
    }
    long offset = header.snapshotsOffset();
    if (offset < 0 || (offset & (header.clusterSize() - 1)) != 0) {
      tally.report(new SnapshotFinding.UnusableTable("snapshot table offset invalid"));
      throw new CorruptImageException(
          file.path(), "Snapshot table offset invalid", "header field snapshots_offset", 64);
    }
  }

  private SnapshotTable.Padded readEntries() throws IOException {
    try {
      requireReachable();
      SnapshotTable.Padded table = SnapshotTable.readPadded(file, header);
      if (table.overhanging() > 0) {
        sayUnreadable(
            "Snapshot table is too big\nYou can force-remove all "
                + table.overhanging()
                + " overhanging snapshots with qemu-img check -r all");
      } else {
        return table;
      }
    } catch (LimitExceededException e) {
      sayUnreadable(
          e.remedy() == null
              ? "" + e.getMessage()
              : e.getMessage() + "\nYou can " + e.remedy() + " with qemu-img check -r all");
      throw e;
    } catch (IOException e) {
      sayUnreadable("Failed to read snapshot table: " + FailureReason.of(e));
      throw e;
    }
    throw new LimitExceededException(
        file.path(),
        "Snapshot table is too big",
        "snapshot table bytes",
        FormatLimits.MAX_SNAPSHOT_TABLE_BYTES);
  }

  private void sayUnreadable(String why) {
    tally.report(new SnapshotFinding.UnusableTable("failed to read the snapshot table: " + why));
  }

  /** Counts what the snapshots refer to, then the table itself. */
  void walk(MappingWalk mapping, References references) throws IOException {
    if (!snapshots.isEmpty() && header.has(Feature.EXTERNAL_DATA_FILE)) {
      tally.report(new SnapshotFinding.SnapshotsWithDataFile(snapshots.size()));
    }
    for (InternalSnapshot snapshot : snapshots) {
      if ((snapshot.l1TableOffset() & (header.clusterSize() - 1)) != 0) {
        tally.report(
            new SnapshotFinding.MisalignedL1Table(
                snapshot.id(), snapshot.name(), snapshot.l1TableOffset()));
      } else if (Integer.toUnsignedLong(snapshot.l1Entries()) > Qcow2Header.maxL1Entries()) {
        tally.report(
            new SnapshotFinding.OversizedL1Table(
                snapshot.id(), snapshot.name(), snapshot.l1Entries()));
      } else {
        mapping.walk(snapshot.l1TableOffset(), snapshot.l1Entries(), false);
      }
    }
    references.count(header.snapshotsOffset(), tableBytes);
  }
}
