package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
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
  private final References references;
  private final MappingWalk mapping;
  private final boolean l1Changeable;
  private int firstChange = -1;
  private int lastChange;
  private final Set<Long> written = new HashSet<>();
  private boolean changed;

  /**
   * @param rules which tables may be written to, as far as they stand in places of their own
   * @param references all there are
   * @param mapping tells what can be a table
   */
  FlagRepair(
      BlockFile file,
      Qcow2Header header,
      EntryRepairs rules,
      References references,
      MappingWalk mapping) {
    this.file = file;
    this.header = header;
    this.rules = rules;
    this.references = references;
    this.mapping = mapping;
    this.l1Changeable =
        rules.mayChangeActiveL1()
            && references.standsAlone(
                header.l1TableOffset(), (long) header.l1Entries() * Long.BYTES);
  }

  /** Whether the L1 table may be written to: it is nothing but that. */
  boolean mayChangeL1() {
    return l1Changeable;
  }

  /**
   * Whether an L2 table may be written to: it can be one, and is nothing but that. A wrong L1 entry
   * may call anything a table.
   *
   * @param bytes holds the table
   * @param position where in {@code bytes} it begins
   */
  boolean mayChangeL2(long tableOffset, byte[] bytes, int position) {
    return rules.mayChangeL2(tableOffset)
        && references.isOnlyTable(tableOffset)
        && mapping.isMostlyPlausible(bytes, position);
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
