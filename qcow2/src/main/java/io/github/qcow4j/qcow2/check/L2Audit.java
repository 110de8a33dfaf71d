package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.EvenRun;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Goes through L2 tables: counts what their entries refer to and reports entries that contradict
 * the format. For one thread.
 */
final class L2Audit {

  private final References references;
  private final CheckTally tally;
  private final StoredOnes ones;
  private final ClusterStatistics statistics = new ClusterStatistics();
  private final int clusterBits;
  private final int clusterSize;
  private final int entries;
  private final int wordShift;
  private final boolean extended;
  private final boolean externalData;
  private final long unusualBits;
  private final long[] words;

  private final @Nullable EntryRepairs repairs;

  private long toldEnd = Long.MAX_VALUE;
  private boolean active;
  private boolean doubtful;
  private boolean repairable;
  private boolean repairedBefore;

  /**
   * @param repairs takes what entries should say, or null to report only
   */
  L2Audit(
      Qcow2Header header,
      References references,
      StoredOnes ones,
      CheckTally tally,
      @Nullable EntryRepairs repairs) {
    this.references = references;
    this.repairs = repairs;
    this.tally = tally;
    this.ones = ones;
    this.clusterBits = header.clusterBits();
    this.clusterSize = header.clusterSize();
    this.entries = header.l2Entries();
    this.wordShift = header.l2EntryBytes() == 16 ? 1 : 0;
    this.extended = header.has(Feature.EXTENDED_L2);
    this.externalData = header.has(Feature.EXTERNAL_DATA_FILE);
    this.words = new long[clusterSize / Long.BYTES];
    this.unusualBits = ~(L2Entry.COPIED | (L2Entry.OFFSET_MASK & -clusterSize));
  }

  /** What the tables of the active state say about the disk's clusters. */
  ClusterStatistics statistics() {
    return statistics;
  }

  /**
   * Tells of compressed clusters that begin behind the end of the file, also where it is so near
   * that they are counted.
   *
   * @param fileBytes the end
   */
  void tellPastEnd(long fileBytes) {
    toldEnd = fileBytes;
  }

  /**
   * Goes through one table.
   *
   * @param bytes holds it
   * @param position where in {@code bytes} it begins
   * @param tableOffset where in the file it stands
   * @param isActive whether the active L1 table leads to it: only then its clusters make up
   *     statistics, and its copied flags mean something
   * @return whether some copied flag may be wrong and deserves a second look
   */
  boolean audit(byte[] bytes, int position, long tableOffset, boolean isActive) {
    active = isActive;
    doubtful = false;
    statistics.beginTable();
    ByteBuffer.wrap(bytes, position, clusterSize).asLongBuffer().get(words);
    repairable = repairs != null && repairs.mayChangeL2(tableOffset) && isPlausible();
    repairedBefore = repairs != null && repairs.changes(tableOffset, clusterSize);
    for (int i = 0; i < entries; ) {
      long entry = words[i << wordShift];
      long subclusters = extended ? words[(i << wordShift) + 1] : 0;
      int run = plainRun(entry, subclusters, i);
      if (run > 0) {
        countRun(entry, run);
        i += run;
      } else {
        if ((entry | subclusters) != 0) {
          auditUnusual(entry, subclusters, i, tableOffset + ((long) i << (wordShift + 3)));
        }
        i++;
      }
    }
    return doubtful;
  }

  /**
   * How many entries from this one on are what nearly all are: aligned clusters within the file,
   * each behind the one before. With subclusters it is one at most.
   */
  private int plainRun(long entry, long subclusters, int l2Index) {
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    long clustersLeft = references.clustersInFile() - (hostOffset >>> clusterBits);
    if ((entry & unusualBits) != 0
        || hostOffset == 0
        || externalData
        || clustersLeft <= 0
        || contradictory(subclusters)) {
      return 0;
    }
    if (!extended) {
      int most = (int) Math.min(entries - l2Index, clustersLeft);
      return EvenRun.length(words, l2Index, most, entry, clusterSize);
    }
    return 1;
  }

  private void countRun(long entry, int run) {
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    long clusterIndex = hostOffset >>> clusterBits;
    references.countRun(clusterIndex, clusterIndex + run);
    if (active) {
      statistics.addRun(hostOffset, (long) run << clusterBits, run);
      doubtful |= entry < 0 ? !ones.areOnes(clusterIndex, run) : isAnyOne(clusterIndex, run);
    }
  }

  private boolean isAnyOne(long firstCluster, int count) {
    for (int i = 0; i < count; i++) {
      if (ones.isOne(firstCluster + i)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the bytes last looked at can be an L2 table at all: every entry leads into the file,
   * and guest data to a cluster border. Entries of anything else are not touched; they may be
   * somebody's data.
   */
  boolean isPlausible(byte[] bytes, int position) {
    ByteBuffer.wrap(bytes, position, clusterSize).asLongBuffer().get(words);
    return isPlausible();
  }

  /**
   * Whether as many entries of some bytes as not can be those of an L2 table: it is one then,
   * though damaged. Its copied flags have to be right all the same; one that is set on a shared
   * cluster lets the next write change what others read.
   */
  boolean isMostlyPlausible(byte[] bytes, int position) {
    ByteBuffer.wrap(bytes, position, clusterSize).asLongBuffer().get(words);
    int surplus = 0;
    for (int i = 0; i < entries; i++) {
      long entry = words[i << wordShift];
      if (entry != 0) {
        surplus += isPlausible(entry, extended ? words[(i << wordShift) + 1] : 0) ? 1 : -1;
      }
    }
    return surplus >= 0;
  }

  private boolean isPlausible() {
    for (int i = 0; i < entries; i++) {
      long entry = words[i << wordShift];
      if (entry != 0 && !isPlausible(entry, extended ? words[(i << wordShift) + 1] : 0)) {
        return false;
      }
    }
    return true;
  }

  private boolean isPlausible(long entry, long subclusters) {
    if (L2Entry.isCompressed(entry)) {
      long hostOffset = L2Entry.compressedOffset(entry & ~L2Entry.COPIED, clusterBits);
      return hostOffset >>> clusterBits < references.clustersInFile();
    }
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    boolean aligned = (hostOffset & (clusterSize - 1)) == 0;
    return (aligned || !holdsData(entry, subclusters))
        && (externalData || hostOffset >>> clusterBits < references.clustersInFile());
  }

  private boolean holdsData(long entry, long subclusters) {
    return extended ? L2Entry.allocatedSubclusters(subclusters) != 0 : (entry & L2Entry.ZERO) == 0;
  }

  private void auditUnusual(long stored, long subclusters, int l2Index, long entryOffset) {
    if (L2Entry.isCompressed(stored)) {
      auditCompressed(stored, subclusters, l2Index, entryOffset);
      return;
    }
    long entry = stored;
    if ((entry & L2Entry.L2_STANDARD_RESERVED) != 0) {
      CheckFinding finding = new MappingFinding.ReservedL2Bits(entryOffset, entry);
      if (repairable) {
        entry &= ~L2Entry.L2_STANDARD_RESERVED;
      }
      reportOrRepair(finding, entryOffset, entry, subclusters);
    }
    if (StandardEntry.hasCluster(entry, externalData, extended)) {
      auditCluster(entry, subclusters, entryOffset);
    } else if (L2Entry.allocatedSubclusters(subclusters) != 0) {
      tally.report(new MappingFinding.UnallocatedWithSubclusters(entryOffset));
    }
  }

  private void auditCompressed(long entry, long subclusters, int l2Index, long entryOffset) {
    int sizeShift = 62 - (clusterBits - 8);
    long hostOffset = entry & ((1L << sizeShift) - 1);
    long withoutFlag = entry & ~L2Entry.COPIED;
    if (entry < 0) {
      reportOrRepair(
          new MappingFinding.CompressedCopied(entryOffset, hostOffset),
          entryOffset,
          withoutFlag,
          subclusters);
    }
    if (externalData) {
      tally.report(new MappingFinding.CompressedWithDataFile(entryOffset, l2Index, withoutFlag));
    } else if (subclusters != 0) {
      tally.report(new MappingFinding.CompressedWithSubclusters(entryOffset, l2Index, withoutFlag));
    } else {
      long lengthBytes = L2Entry.compressedMaxBytes(entry, clusterBits);
      references.count(hostOffset, lengthBytes);
      if (hostOffset >= toldEnd && !references.leavesFile(hostOffset, lengthBytes)) {
        tally.report(new MappingFinding.CompressedPastEnd(entryOffset, hostOffset, toldEnd));
      }
      if (active) {
        statistics.addCompressed();
      }
    }
  }

  /** Reports a finding, as repaired where the entry may be written as given. */
  private boolean reportOrRepair(
      CheckFinding finding, long entryOffset, long newEntry, long newSubclusters) {
    EntryRepairs taker = repairs;
    if (taker == null || !repairable) {
      tally.report(finding);
      return false;
    }
    if (!repairedBefore) {
      tally.report(new RepairFinding.Repairing(finding));
      taker.tell(entryOffset, finding);
    }
    taker.setL2(entryOffset, newEntry, newSubclusters);
    return true;
  }

  private void auditCluster(long entry, long subclusters, long entryOffset) {
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    if (contradictory(subclusters)) {
      tally.report(new MappingFinding.ContradictorySubclusters(entryOffset, hostOffset));
    }
    if ((hostOffset & (clusterSize - 1)) != 0) {
      boolean holdsData = holdsData(entry, subclusters);
      CheckFinding finding =
          new MappingFinding.MisalignedCluster(entryOffset, hostOffset, holdsData);
      if (holdsData) {
        tally.report(finding);
      } else if (reportOrRepair(finding, entryOffset, extended ? 0 : L2Entry.ZERO, subclusters)) {
        return;
      }
    }
    if (active) {
      statistics.addRun(hostOffset, clusterSize, 1);
      long clusterIndex = hostOffset >>> clusterBits;
      doubtful |=
          externalData
              ? entry >= 0
              : clusterIndex >= references.clustersInFile()
                  || entry < 0 != ones.isOne(clusterIndex);
    }
    if (!externalData) {
      references.count(hostOffset, clusterSize);
    }
  }

  private static boolean contradictory(long subclusters) {
    return (L2Entry.allocatedSubclusters(subclusters) & L2Entry.zeroSubclusters(subclusters)) != 0;
  }
}
