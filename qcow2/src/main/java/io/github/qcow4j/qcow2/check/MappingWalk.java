package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Walks L1 tables with all L2 tables below them, and counts what they refer to. For one thread. */
final class MappingWalk {

  private final BlockFile file;
  private final int clusterBits;
  private final References references;
  private final CheckTally tally;
  private final StoredOnes ones;
  private final L2Audit audit;
  private final TableStream stream;
  private final JobControl control;
  private final WalkLimit limit;
  private final @Nullable EntryRepairs repairs;
  private final BitSet doubtful = new BitSet();

  /**
   * @param repairs takes what entries should say, or null to report only
   */
  MappingWalk(
      BlockFile file,
      Qcow2Header header,
      References references,
      StoredOnes ones,
      CheckTally tally,
      TableStream stream,
      JobControl control,
      WalkLimit limit,
      @Nullable EntryRepairs repairs) {
    this.repairs = repairs;
    this.file = file;
    this.clusterBits = header.clusterBits();
    this.references = references;
    this.tally = tally;
    this.ones = ones;
    this.audit = new L2Audit(header, references, ones, tally, repairs);
    this.stream = stream;
    this.control = control;
    this.limit = limit;
  }

  /** Tells of what {@link L2Audit#tellPastEnd} tells of. */
  void tellPastEnd(long fileBytes) {
    audit.tellPastEnd(fileBytes);
  }

  /** What the active state says about the disk's clusters. */
  ClusterStatistics statistics() {
    return audit.statistics();
  }

  /** Whether bytes are an L2 table, see {@link L2Audit#isMostlyPlausible}. */
  boolean isMostlyPlausible(byte[] bytes, int position) {
    return audit.isMostlyPlausible(bytes, position);
  }

  /** The indexes of the active L1 table below which some copied flag may be wrong. */
  BitSet doubtful() {
    return doubtful;
  }

  /** Says that counts have changed, so that any copied flag may be wrong. */
  void doubtAll(int l1Entries) {
    doubtful.set(0, l1Entries);
  }

  /**
   * Walks one L1 table and what is below it.
   *
   * @param entryCount its length, already held against the format's limit
   * @param active whether it is that of the disk; otherwise it is an internal snapshot's
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the tables together are too
   *     many
   * @throws IOException when a table cannot be read
   */
  void walk(long l1Offset, int entryCount, boolean active) throws IOException {
    if (entryCount == 0) {
      return;
    }
    references.count(l1Offset, (long) entryCount * Long.BYTES);
    long[] l1 = load(l1Offset, entryCount);
    limit.walk((long) l1.length * Long.BYTES);
    control.expect(control.totalUnits() + l1.length);
    stream.forEach(new Tables(l1), new Visitor(l1Offset, l1, active));
  }

  private long[] load(long l1Offset, int entryCount) throws IOException {
    try {
      return TableEntries.entries(file, l1Offset, entryCount);
    } catch (IOException e) {
      tally.report(
          new MappingFinding.TableUnreadable(MappingFinding.TableUnreadable.Kind.L1, l1Offset));
      throw e;
    }
  }

  /**
   * The L2 tables of an L1 table. An entry is in use unless it is 0 as a whole: one with flags and
   * no offset leads to the header cluster, and is reported as what that comes to.
   */
  private static final class Tables implements TableStream.Source {

    private final long[] l1;

    Tables(long[] l1) {
      this.l1 = l1;
    }

    @Override
    public long size() {
      return l1.length;
    }

    @Override
    public boolean inUse(long index) {
      return l1[(int) index] != 0;
    }

    @Override
    public long hostOffset(long index) {
      return l1[(int) index] & L2Entry.OFFSET_MASK;
    }
  }

  private final class Visitor implements TableStream.Visitor {

    private final long l1Offset;
    private final long[] l1;
    private final boolean active;

    Visitor(long l1Offset, long[] l1, boolean active) {
      this.l1Offset = l1Offset;
      this.l1 = l1;
      this.active = active;
    }

    @Override
    public void table(long index, byte[] bytes, int position) {
      long tableOffset = beginTable((int) index, bytes, position);
      boolean doubt = audit.audit(bytes, position, tableOffset, active);
      endTable((int) index, tableOffset, doubt);
    }

    @Override
    public void empty(long index) {
      endTable((int) index, beginTable((int) index, null, 0), false);
    }

    private void endTable(int index, long tableOffset, boolean doubt) {
      if (active && (doubt || isFlagDoubtful(l1[index], tableOffset))) {
        doubtful.set(index);
      }
    }

    @Override
    public void unreadable(long index, IOException failure) throws IOException {
      long tableOffset = beginTable((int) index, null, 0);
      tally.report(
          new MappingFinding.TableUnreadable(MappingFinding.TableUnreadable.Kind.L2, tableOffset));
      throw failure;
    }

    private long beginTable(int index, byte @Nullable [] bytes, int position) {
      long entry = l1[index];
      long entryOffset = l1Offset + (long) index * Long.BYTES;
      long tableOffset = entry & L2Entry.OFFSET_MASK;
      if ((entry & L2Entry.L1_RESERVED) != 0) {
        CheckFinding finding = new MappingFinding.ReservedL1Bits(entryOffset, entry);
        if (repairs != null
            && bytes != null
            && active
            && repairs.mayChangeActiveL1()
            && repairs.isL2Place(tableOffset)
            && audit.isPlausible(bytes, position)) {
          tally.report(new RepairFinding.Repairing(finding));
          repairs.tell(entryOffset, finding);
          repairs.setL1(entryOffset, entry & ~L2Entry.L1_RESERVED);
        } else {
          tally.report(finding);
        }
      }
      references.countTable(tableOffset);
      if ((tableOffset & ((1L << clusterBits) - 1)) != 0) {
        tally.report(new MappingFinding.MisalignedL2Table(entryOffset, tableOffset));
      }
      return tableOffset;
    }

    private boolean isFlagDoubtful(long entry, long tableOffset) {
      long clusterIndex = tableOffset >>> clusterBits;
      return clusterIndex >= references.clustersInFile() || entry < 0 != ones.isOne(clusterIndex);
    }
  }
}
