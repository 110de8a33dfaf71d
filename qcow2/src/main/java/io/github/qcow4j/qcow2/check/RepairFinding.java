package io.github.qcow4j.qcow2.check;

/** What a repair says about its own doings. */
public sealed interface RepairFinding extends CheckFinding {

  /**
   * Something that was found is put right.
   *
   * @param found what
   */
  record Repairing(CheckFinding found) implements RepairFinding {
    @Override
    public Severity severity() {
      return Severity.REPAIRED;
    }

    /** The finding's own words, but for the first, which says how bad it is. */
    @Override
    public String message() {
      String message = found.message();
      int end = message.startsWith("ERROR:") ? "ERROR".length() : message.indexOf(' ');
      return "Repairing" + message.substring(end);
    }
  }

  /**
   * Snapshots are removed that the table must not hold.
   *
   * @param count how many
   * @param tableTooBig whether the table is too large, rather than their number
   */
  record SnapshotsDiscarded(long count, boolean tableTooBig) implements RepairFinding {
    @Override
    public Severity severity() {
      return Severity.REPAIRED;
    }

    @Override
    public String message() {
      return "Discarding "
          + count
          + " overhanging snapshots"
          + (tableTooBig ? " (snapshot table is too big)" : "");
    }
  }

  /**
   * Extra data of a snapshot table entry are cut off where they are too long.
   *
   * @param tableIndex the entry's index in the snapshot table
   * @param extraBytes how long they were, unsigned
   * @param maxBytes how long they are afterwards
   */
  record ExtraDataDiscarded(int tableIndex, int extraBytes, int maxBytes) implements RepairFinding {
    @Override
    public Severity severity() {
      return Severity.REPAIRED;
    }

    @Override
    public String message() {
      return "Discarding too much extra metadata in snapshot table entry "
          + tableIndex
          + " ("
          + Integer.toUnsignedString(extraBytes)
          + " > "
          + maxBytes
          + ")";
    }
  }

  /** All refcounts are written anew, beside those there are. */
  record RebuildingRefcounts() implements RepairFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "Rebuilding refcount structure";
    }
  }

  /** All refcounts would have to be written anew, which was not asked for. */
  record RebuildNeeded() implements RepairFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "ERROR need to rebuild refcount structures";
    }
  }
}
