package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Holds the copied flags of the active L1 table, and of the L2 tables below it, against the stored
 * reference counts, exactly, where the walk over all tables saw reason to doubt them. For one
 * thread.
 */
final class CopiedFlagCheck implements TableStream.Visitor {

  private final Qcow2Header header;
  private final long[] l1;
  private final StoredCounts stored;
  private final CheckTally tally;
  private final boolean extended;
  private final boolean externalData;
  private final @Nullable FlagRepair repair;

  /**
   * @param repair puts flags right, or null to report only
   */
  CopiedFlagCheck(
      Qcow2Header header,
      long[] l1,
      StoredCounts stored,
      CheckTally tally,
      @Nullable FlagRepair repair) {
    this.repair = repair;
    this.header = header;
    this.l1 = l1;
    this.stored = stored;
    this.tally = tally;
    this.extended = header.has(Feature.EXTENDED_L2);
    this.externalData = header.has(Feature.EXTERNAL_DATA_FILE);
  }

  /** The L2 tables to look at: those in doubt that an L1 entry really names. */
  TableStream.Source tables(BitSet doubtful) {
    return new TableStream.Source() {
      @Override
      public long size() {
        return Math.min(doubtful.length(), l1.length);
      }

      @Override
      public boolean inUse(long index) {
        return doubtful.get((int) index) && hostOffset(index) != 0;
      }

      @Override
      public long hostOffset(long index) {
        return l1[(int) index] & L2Entry.OFFSET_MASK;
      }
    };
  }

  @Override
  public void table(long index, byte[] bytes, int position) throws IOException {
    if (!checkTableFlag((int) index)) {
      return;
    }
    ByteBuffer table = ByteBuffer.wrap(bytes, position, header.clusterSize()).slice();
    long tableOffset = l1[(int) index] & L2Entry.OFFSET_MASK;
    FlagRepair repairHere =
        repair != null && repair.mayChangeL2(tableOffset, bytes, position) ? repair : null;
    if (repairHere != null && repairHere.wasWritten(tableOffset)) {
      return;
    }
    for (int at = 0; at < header.clusterSize(); at += header.l2EntryBytes()) {
      long entry = table.getLong(at);
      if (entry != 0
          && !L2Entry.isCompressed(entry)
          && StandardEntry.hasCluster(entry, externalData, extended)) {
        if (checkClusterFlag(entry, tableOffset + at, repairHere != null)) {
          table.putLong(at, entry ^ L2Entry.COPIED);
          Objects.requireNonNull(repairHere).changed(at);
        }
      }
    }
    if (repairHere != null) {
      repairHere.writeL2(tableOffset, table);
    }
  }

  @Override
  public void empty(long index) throws IOException {
    boolean _ = checkTableFlag((int) index);
  }

  /** Where the count cannot be had, nothing below is looked at. */
  private boolean checkTableFlag(int l1Index) throws IOException {
    long entry = l1[l1Index];
    long clusterIndex = (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
    long refcount;
    try {
      refcount = stored.refcount(clusterIndex);
    } catch (IOException e) {
      sayUnknown(clusterIndex, e);
      return false;
    }
    if (entry < 0 != (refcount == 1)) {
      CheckFinding finding = new MappingFinding.WrongCopiedFlagOfTable(l1Index, entry, refcount);
      if (repair != null && repair.mayChangeL1()) {
        tally.report(new RepairFinding.Repairing(finding));
        repair.writeL1(l1Index, entry ^ L2Entry.COPIED);
      } else {
        tally.report(finding);
      }
    }
    return true;
  }

  /** Checks one flag; true when it is to be put right. */
  private boolean checkClusterFlag(long entry, long entryOffset, boolean repairing) {
    long clusterIndex = (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
    try {
      long refcount = externalData ? 1 : stored.refcount(clusterIndex);
      if (entry < 0 != (refcount == 1)) {
        CheckFinding finding =
            new MappingFinding.WrongCopiedFlagOfCluster(entryOffset, entry, refcount);
        tally.report(repairing ? new RepairFinding.Repairing(finding) : finding);
        return repairing;
      }
    } catch (IOException e) {
      sayUnknown(clusterIndex, e);
    }
    return false;
  }

  /**
   * The comparison of counts has met the same failure and reported it, unless it comes only now.
   */
  private void sayUnknown(long clusterIndex, IOException failure) {
    if (tally.storageFailure() == null && stored.hasPlace(clusterIndex)) {
      tally.report(new RefcountFinding.UnknownRefcount(clusterIndex, failure));
    }
  }

  @Override
  public void unreadable(long index, IOException failure) throws IOException {
    throw failure;
  }
}
