package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Table entries that are to be written in another way that means the same to the guest, collected
 * while tables are walked and written afterwards. For one thread.
 */
final class EntryRepairs {

  private final BlockFile file;
  private final Qcow2Header header;
  private final MetadataPlaces places;
  private final long fileBytes;
  private final TreeMap<Long, Words> changes = new TreeMap<>();
  private final List<Told> told = new ArrayList<>();

  private record Words(long entry, long subclusters, int count) {}

  /** What was told as being repaired. */
  private record Told(long entryOffset, CheckFinding finding) {}

  EntryRepairs(BlockFile file, Qcow2Header header, MetadataPlaces places) throws IOException {
    this.file = file;
    this.header = header;
    this.places = places;
    this.fileBytes = file.size();
  }

  /**
   * Whether a table may be written to, as far as it can be known before everything is counted: it
   * stands in the file, at a border, and nowhere else's.
   */
  boolean mayChangeL2(long tableOffset) {
    return isL2Place(tableOffset) && !places.holdsOther(tableOffset);
  }

  /** Whether entries of the active L1 table may be written. */
  boolean mayChangeActiveL1() {
    return !places.activeL1IsShared();
  }

  /** Whether an L2 table can stand there. */
  boolean isL2Place(long tableOffset) {
    return tableOffset > 0
        && (tableOffset & (header.clusterSize() - 1)) == 0
        && tableOffset < fileBytes;
  }

  /** Takes note of what was told as being repaired by the change of an entry. */
  void tell(long entryOffset, CheckFinding finding) {
    told.add(new Told(entryOffset, finding));
  }

  /**
   * Drops what was planned for tables that are somebody's data too; it is told again then, as not
   * repaired.
   *
   * @param references all there are
   * @return whether something was dropped
   */
  boolean dropShared(References references, CheckTally tally) {
    long l1Offset = header.l1TableOffset();
    long l1Bytes = (long) header.l1Entries() * Long.BYTES;
    boolean l1StandsAlone = references.standsAlone(l1Offset, l1Bytes);
    boolean dropped =
        changes
            .keySet()
            .removeIf(entryOffset ->
                (entryOffset >= l1Offset && entryOffset < l1Offset + l1Bytes)
                    ? !l1StandsAlone
                    : !references.isOnlyTable(entryOffset & -header.clusterSize()));
    for (Told each : told) {
      if (dropped && !changes.containsKey(each.entryOffset)) {
        tally.reportUnrepaired(each.finding);
      }
    }
    return dropped;
  }

  /** Plans to write an L1 entry. */
  void setL1(long entryOffset, long entry) {
    changes.put(entryOffset, new Words(entry, 0, 1));
  }

  /** Plans to write an L2 entry, an extended one with both its words. */
  void setL2(long entryOffset, long entry, long subclusters) {
    changes.put(entryOffset, new Words(entry, subclusters, header.l2EntryBytes() / Long.BYTES));
  }

  /** Whether something is planned for a range: then its table was met before. */
  boolean changes(long hostOffset, long bytes) {
    Long first = changes.ceilingKey(hostOffset);
    return first != null && first < hostOffset + bytes;
  }

  /**
   * Writes what was planned, durable on return. No entry crosses a sector, and each means to the
   * guest what it meant before, so that their order does not matter.
   */
  void apply() throws IOException {
    for (var change : changes.entrySet()) {
      Words words = change.getValue();
      ByteBuffer bytes = ByteBuffer.allocate(words.count * Long.BYTES);
      bytes.putLong(words.entry);
      if (words.count > 1) {
        bytes.putLong(words.subclusters);
      }
      file.write(bytes.flip(), change.getKey());
    }
    if (!changes.isEmpty()) {
      file.sync();
    }
    changes.clear();
    told.clear();
  }
}
