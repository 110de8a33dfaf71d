package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.snapshot.StoredText;

/** Something wrong with the snapshot table or one of its entries. */
public sealed interface SnapshotFinding extends CheckFinding {

  /**
   * The snapshot table cannot be read as a whole; the check ends here with an exception.
   *
   * <p>{@code qemu-img} prints its own name and a colon before the message of this kind.
   *
   * @param problem what is wrong
   */
  record UnusableTable(String problem) implements SnapshotFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "ERROR " + problem;
    }
  }

  /**
   * An entry lacks the fields that version 3 requires.
   *
   * @param tableIndex its index in the snapshot table
   */
  record IncompleteEntry(int tableIndex) implements SnapshotFinding {
    @Override
    public String message() {
      return "ERROR snapshot table entry " + tableIndex + " is incomplete";
    }
  }

  /**
   * There are snapshots, although the guest's data are in an external file, which none can hold.
   *
   * @param count how many
   */
  record SnapshotsWithDataFile(int count) implements SnapshotFinding {
    @Override
    public String message() {
      return "ERROR " + count + " snapshots in image with data file";
    }
  }

  /**
   * A snapshot's L1 table is said to begin within a cluster; it was not looked at.
   *
   * @param id the snapshot's identifier
   * @param name its name
   * @param hostOffset where its L1 table is said to stand
   */
  record MisalignedL1Table(String id, String name, long hostOffset) implements SnapshotFinding {
    @Override
    public String message() {
      return SnapshotFinding.named(id, name)
          + " l1_offset=0x"
          + Long.toHexString(hostOffset)
          + ": L1 table is not cluster aligned; snapshot table entry corrupted";
    }
  }

  /**
   * A snapshot's L1 table is larger than any may be; it was not looked at.
   *
   * @param id the snapshot's identifier
   * @param name its name
   * @param entries its length in entries, unsigned
   */
  record OversizedL1Table(String id, String name, int entries) implements SnapshotFinding {
    @Override
    public String message() {
      return SnapshotFinding.named(id, name)
          + " l1_size=0x"
          + Integer.toHexString(entries)
          + ": L1 table is too large; snapshot table entry corrupted";
    }
  }

  /** QEMU takes a zero byte for the end of a text. */
  private static String named(String id, String name) {
    return "ERROR snapshot " + untilZero(id) + " (" + untilZero(name) + ")";
  }

  private static String untilZero(String text) {
    int end = text.indexOf(0);
    return StoredText.readable(end < 0 ? text : text.substring(0, end));
  }
}
