package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.nio.ByteBuffer;

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

  private boolean active;
  private boolean doubtful;

  L2Audit(Qcow2Header header, References references, StoredOnes ones, CheckTally tally) {
    this.references = references;
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
    int run = 1;
    if (!extended) {
      long limit = Math.min(entries - l2Index, clustersLeft);
      while (run < limit && words[l2Index + run] == entry + ((long) run << clusterBits)) {
        run++;
      }
    }
    return run;
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

  private void auditUnusual(long entry, long subclusters, int l2Index, long entryOffset) {
    if (L2Entry.isCompressed(entry)) {
      auditCompressed(entry, subclusters, l2Index, entryOffset);
      return;
    }
    if ((entry & L2Entry.L2_STANDARD_RESERVED) != 0) {
      tally.report(new MappingFinding.ReservedL2Bits(entryOffset, entry));
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
    if (entry < 0) {
      tally.report(new MappingFinding.CompressedCopied(entryOffset, hostOffset));
    }
    long withoutFlag = entry & ~L2Entry.COPIED;
    if (externalData) {
      tally.report(new MappingFinding.CompressedWithDataFile(entryOffset, l2Index, withoutFlag));
    } else if (subclusters != 0) {
      tally.report(new MappingFinding.CompressedWithSubclusters(entryOffset, l2Index, withoutFlag));
    } else {
      references.count(hostOffset, L2Entry.compressedMaxBytes(entry, clusterBits));
      if (active) {
        statistics.addCompressed();
      }
    }
  }

  private void auditCluster(long entry, long subclusters, long entryOffset) {
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    if (contradictory(subclusters)) {
      tally.report(new MappingFinding.ContradictorySubclusters(entryOffset, hostOffset));
    }
    if ((hostOffset & (clusterSize - 1)) != 0) {
      boolean holdsData =
          extended ? L2Entry.allocatedSubclusters(subclusters) != 0 : (entry & L2Entry.ZERO) == 0;
      tally.report(new MappingFinding.MisalignedCluster(entryOffset, hostOffset, holdsData));
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
