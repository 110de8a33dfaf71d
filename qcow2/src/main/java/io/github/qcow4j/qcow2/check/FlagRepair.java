package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes entries of the active L1 table, and of L2 tables, whose copied flags were put right.
 *
 * <p>The counts that the flags follow are durable by then, and each flag is right by itself: a
 * power cut may let any of them through. For one thread.
 */
final class FlagRepair {

  private final BlockFile file;
  private final Qcow2Header header;
  private final EntryRepairs rules;
  private final boolean l1Changeable;
  private int firstChange = -1;
  private int lastChange;
  private final Set<Long> written = new HashSet<>();
  private boolean changed;

  /**
   * @param rules which tables may be written to
   * @param l1 the active L1 table
   */
  FlagRepair(BlockFile file, Qcow2Header header, EntryRepairs rules, long[] l1) {
    this.file = file;
    this.header = header;
    this.rules = rules;
    this.l1Changeable = rules.mayChangeActiveL1() && !servesAsL2(l1);
  }

  /** Whether the L1 table stands where it says an L2 table stands. */
  private boolean servesAsL2(long[] l1) {
    long first = header.l1TableOffset() >>> header.clusterBits();
    long last =
        (header.l1TableOffset() + (long) header.l1Entries() * Long.BYTES - 1)
            >>> header.clusterBits();
    for (long entry : l1) {
      long cluster = (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
      if (entry != 0 && cluster >= first && cluster <= last) {
        return true;
      }
    }
    return false;
  }

  boolean mayChangeL1() {
    return l1Changeable;
  }

  boolean mayChangeL2(long tableOffset) {
    return rules.mayChangeL2(tableOffset);
  }

  /** Whether a table was put right before; it may have been read before that. */
  boolean wasWritten(long tableOffset) {
    return written.contains(tableOffset);
  }

  void writeL1(int index, long entry) throws IOException {
    file.write(
        ByteBuffer.allocate(Long.BYTES).putLong(0, entry),
        header.l1TableOffset() + (long) index * Long.BYTES);
    changed = true;
  }

  /** Takes note that the entry at a position of the L2 table at hand was changed. */
  void changed(int position) {
    if (firstChange < 0) {
      firstChange = position;
    }
    lastChange = position;
  }

  /** Writes what was changed of the L2 table at hand. */
  void writeL2(long tableOffset, ByteBuffer table) throws IOException {
    if (firstChange >= 0) {
      file.write(
          table.slice(firstChange, lastChange + Long.BYTES - firstChange),
          tableOffset + firstChange);
      written.add(tableOffset);
      changed = true;
      firstChange = -1;
    }
  }

  /** Makes all of it durable. */
  void finish() throws IOException {
    if (changed) {
      file.sync();
    }
  }
}
