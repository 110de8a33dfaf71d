package io.github.qcow4j.qcow2.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownBytes;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a snapshot table: entries of varying length, back to back (qcow2 specification,
 * "Snapshots"). Takes memory for what it has read, never for what a field announces.
 */
public final class SnapshotTable {

  private static final int FIXED_BYTES = 40;
  private static final int NAMED_EXTRA_BYTES = 24;

  private final BlockFile file;
  private final Qcow2Header header;
  private final long fileBytes;
  private final List<Cut> cuts = new ArrayList<>();
  private boolean salvaging;
  private long position;

  private SnapshotTable(BlockFile file, Qcow2Header header, long fileBytes) {
    this.file = file;
    this.header = header;
    this.fileBytes = fileBytes;
    this.position = header.snapshotsOffset();
  }

  /**
   * Reads all entries.
   *
   * @throws CorruptImageException when the table does not hold together or leaves the file
   * @throws LimitExceededException when an entry or the table is too large
   */
  public static List<InternalSnapshot> read(BlockFile file, Qcow2Header header) throws IOException {
    return new SnapshotTable(file, header, file.size()).readAll();
  }

  /**
   * What a checker reads: bytes past the end of the file count as zeros.
   *
   * @param snapshots the entries
   * @param lengthBytes how long they are together
   * @param overhanging how many more entries there are beyond the largest table allowed
   */
  public record Padded(List<InternalSnapshot> snapshots, long lengthBytes, int overhanging) {}

  /**
   * Reads the entries for a checker, which wants to see what is there.
   *
   * @throws LimitExceededException when an entry is too large
   */
  public static Padded readPadded(BlockFile file, Qcow2Header header) throws IOException {
    SnapshotTable table = new SnapshotTable(file, header, Long.MAX_VALUE);
    List<InternalSnapshot> snapshots = new ArrayList<>();
    int count = header.snapshotCount();
    while (snapshots.size() < count) {
      InternalSnapshot snapshot = table.readEntry(snapshots.size());
      if (table.isTooBig()) {
        break;
      }
      snapshots.add(snapshot);
    }
    return new Padded(
        List.copyOf(snapshots),
        table.position - header.snapshotsOffset(),
        count - snapshots.size());
  }

  /**
   * What can be kept of a table.
   *
   * @param snapshots the entries that can
   * @param lengthBytes how long these are together in the file
   * @param overhanging how many entries there are beyond the largest table allowed
   * @param cuts whose extra data were too long, and are cut in {@code snapshots}
   */
  public record Salvaged(
      List<InternalSnapshot> snapshots, long lengthBytes, int overhanging, List<Cut> cuts) {}

  /**
   * Extra data that were too long.
   *
   * @param tableIndex index of the entry
   * @param extraBytes how long they are in the file, unsigned
   */
  public record Cut(int tableIndex, int extraBytes) {}

  /** Reads what can be kept of a table whose entries, or itself, are too large. */
  public static Salvaged salvage(BlockFile file, Qcow2Header header) throws IOException {
    SnapshotTable table = new SnapshotTable(file, header, Long.MAX_VALUE);
    table.salvaging = true;
    List<InternalSnapshot> snapshots = new ArrayList<>();
    int count = header.snapshotCount();
    long keptEnd = header.snapshotsOffset();
    long keptBytes = 0;
    while (snapshots.size() < count) {
      InternalSnapshot snapshot = table.readEntry(snapshots.size());
      keptBytes += snapshot.storedBytes();
      if (keptBytes > FormatLimits.MAX_SNAPSHOT_TABLE_BYTES
          || table.position - header.snapshotsOffset() > Integer.MAX_VALUE) {
        break;
      }
      snapshots.add(snapshot);
      keptEnd = table.position;
    }
    return new Salvaged(
        List.copyOf(snapshots),
        keptEnd - header.snapshotsOffset(),
        count - snapshots.size(),
        List.copyOf(table.cuts));
  }

  /**
   * Checks the size that a snapshot's disk is said to have, before a disk is made of it: an entry
   * can say any, and one that is no disk's would make an image that nobody opens.
   *
   * @param image the image, for the error
   * @throws CorruptImageException when it is no whole number of sectors
   * @throws LimitExceededException when it is larger than any disk may be
   */
  public static void checkDiskSize(Path image, Qcow2Header header, InternalSnapshot snapshot)
      throws ImageException {
    String which = "The disk size of snapshot " + snapshot.id();
    if (snapshot.saysSize() && snapshot.diskBytes() % FormatLimits.SECTOR_BYTES != 0) {
      throw new CorruptImageException(
          image,
          which + " must be a multiple of 512",
          "snapshot table entry of snapshot " + snapshot.id(),
          header.snapshotsOffset());
    }
    if (header.l1EntriesFor(snapshot.virtualSize(header.virtualSize()))
        > Qcow2Header.maxL1Entries()) {
      throw new LimitExceededException(
          image, which + " is too large", "L1 entries", Qcow2Header.maxL1Entries());
    }
  }

  /**
   * Checks where a snapshot's L1 table is said to be, before it is loaded. A table of snapshots may
   * be read without this, as QEMU does, so that one damaged snapshot does not hide the others.
   *
   * @throws CorruptImageException when the place is impossible
   * @throws LimitExceededException when the table is too large
   */
  public static void checkL1(BlockFile file, Qcow2Header header, InternalSnapshot snapshot)
      throws IOException {
    long offset = snapshot.l1TableOffset();
    long entries = Integer.toUnsignedLong(snapshot.l1Entries());
    if (entries > Qcow2Header.maxL1Entries()) {
      throw new LimitExceededException(
          file.path(), "Snapshot L1 table too large", "L1 table bytes", FormatLimits.MAX_L1_BYTES);
    }
    boolean unaligned = (offset & (header.clusterSize() - 1)) != 0;
    if (unaligned || offset < 0 || offset > Long.MAX_VALUE - entries * Long.BYTES) {
      throw new CorruptImageException(
          file.path(),
          "Snapshot L1 table offset invalid",
          "snapshot table entry of snapshot " + snapshot.id(),
          header.snapshotsOffset());
    }
  }

  /**
   * Holds the L1 tables of all snapshots against what can be read one after the other.
   *
   * @return how many entries they have
   * @throws LimitExceededException when they are longer together than {@link
   *     TableBounds#walkableBytes} allows: each has storage of its own, but 65,536 entries can name
   *     one table of 32 MiB
   */
  public static long requireFewL1Entries(BlockFile file, List<InternalSnapshot> snapshots)
      throws IOException {
    long bytes = 0;
    for (InternalSnapshot snapshot : snapshots) {
      bytes += Integer.toUnsignedLong(snapshot.l1Entries()) * Long.BYTES;
    }
    long walkable = TableBounds.walkableBytes(file);
    if (bytes > walkable) {
      throw new LimitExceededException(
          file.path(),
          "L1 tables of internal snapshots have " + bytes + " bytes together",
          "bytes of L1 tables of snapshots",
          walkable);
    }
    return bytes / Long.BYTES;
  }

  private List<InternalSnapshot> readAll() throws IOException {
    List<InternalSnapshot> snapshots = new ArrayList<>();
    for (int i = 0; i < header.snapshotCount(); i++) {
      snapshots.add(readEntry(i));
      if (isTooBig()) {
        throw new LimitExceededException(
            file.path(),
            "Snapshot table is too big",
            "snapshot table bytes",
            FormatLimits.MAX_SNAPSHOT_TABLE_BYTES,
            "force-remove all " + (header.snapshotCount() - i) + " overhanging snapshots");
      }
    }
    return List.copyOf(snapshots);
  }

  private boolean isTooBig() {
    return position - header.snapshotsOffset() > FormatLimits.MAX_SNAPSHOT_TABLE_BYTES;
  }

  private InternalSnapshot readEntry(int index) throws IOException {
    position = (position + 7) & ~7L;
    ByteBuffer fixed = take(FIXED_BYTES, index);
    int extraBytes = fixed.getInt(36);
    int storedExtraBytes = extraBytes;
    if (Integer.compareUnsigned(extraBytes, FormatLimits.MAX_SNAPSHOT_EXTRA_BYTES) > 0) {
      if (salvaging) {
        cuts.add(new Cut(index, extraBytes));
        extraBytes = FormatLimits.MAX_SNAPSHOT_EXTRA_BYTES;
      } else {
        throw tooMuchExtra(index);
      }
    }
    ByteBuffer extra = take(extraBytes, index);
    position += Integer.toUnsignedLong(storedExtraBytes) - extraBytes;
    String id = StoredText.decode(take(fixed.getShort(12) & 0xFFFF, index));
    String name = StoredText.decode(take(fixed.getShort(14) & 0xFFFF, index));
    return new InternalSnapshot(
        fixed.getLong(0),
        fixed.getInt(8),
        id,
        name,
        Integer.toUnsignedLong(fixed.getInt(16)),
        fixed.getInt(20),
        fixed.getLong(24),
        extraBytes >= 8 ? extra.getLong(0) : Integer.toUnsignedLong(fixed.getInt(32)),
        extraBytes >= 16 ? extra.getLong(8) : -1,
        extraBytes >= 24 ? extra.getLong(16) : -1,
        extraBytes,
        unknown(extra));
  }

  private LimitExceededException tooMuchExtra(int index) {
    return new LimitExceededException(
        file.path(),
        "Too much extra metadata in snapshot table entry " + index,
        "snapshot extra data bytes",
        FormatLimits.MAX_SNAPSHOT_EXTRA_BYTES,
        "force-remove this extra metadata");
  }

  private ByteBuffer take(int bytes, int index) throws IOException {
    if (position > fileBytes - bytes) {
      throw new CorruptImageException(
          file.path(),
          "Snapshot table entry "
              + index
              + " reaches past the end of the file ("
              + fileBytes
              + " bytes)",
          "snapshot table",
          position);
    }
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    file.readPadded(buffer, position);
    position += bytes;
    return buffer.flip();
  }

  private static UnknownBytes unknown(ByteBuffer extra) {
    if (extra.limit() <= NAMED_EXTRA_BYTES) {
      return UnknownBytes.NONE;
    }
    byte[] rest = new byte[extra.limit() - NAMED_EXTRA_BYTES];
    extra.get(NAMED_EXTRA_BYTES, rest);
    return UnknownBytes.of(rest);
  }

  /** The length of a table of these entries in bytes. */
  public static long encodedBytes(List<InternalSnapshot> snapshots) {
    long bytes = 0;
    for (InternalSnapshot snapshot : snapshots) {
      bytes += snapshot.storedBytes();
    }
    return bytes;
  }

  /**
   * A table of these entries, each with the 24 bytes of extra data that say the size of guest state
   * and disk, and the instruction count.
   *
   * @param image for messages
   * @throws LimitExceededException when there are too many, or the table becomes too large
   */
  public static ByteBuffer encode(Path image, List<InternalSnapshot> snapshots)
      throws LimitExceededException {
    long bytes = encodedBytes(snapshots);
    if (snapshots.size() > FormatLimits.MAX_SNAPSHOTS
        || bytes > FormatLimits.MAX_SNAPSHOT_TABLE_BYTES) {
      throw new LimitExceededException(
          image,
          "Snapshot table is too big",
          "snapshot table bytes",
          FormatLimits.MAX_SNAPSHOT_TABLE_BYTES);
    }
    ByteBuffer table = ByteBuffer.allocate((int) bytes);
    int position = 0;
    for (InternalSnapshot snapshot : snapshots) {
      encode(table.position(position), snapshot);
      position += snapshot.storedBytes();
    }
    return table.clear();
  }

  private static void encode(ByteBuffer to, InternalSnapshot snapshot) {
    byte[] id = StoredText.encode(snapshot.id());
    byte[] name = StoredText.encode(snapshot.name());
    long vmState = snapshot.vmStateBytes();
    to.putLong(snapshot.l1TableOffset()).putInt(snapshot.l1Entries());
    to.putShort((short) id.length).putShort((short) name.length);
    to.putInt((int) snapshot.dateSeconds()).putInt(snapshot.dateNanos());
    to.putLong(snapshot.vmClockNanos());
    to.putInt(vmState == (int) vmState ? (int) vmState : 0);
    to.putInt(snapshot.extraBytes());
    if (snapshot.extraBytes() >= 8) {
      to.putLong(vmState);
    }
    if (snapshot.extraBytes() >= 16) {
      to.putLong(snapshot.diskBytes());
    }
    if (snapshot.extraBytes() >= NAMED_EXTRA_BYTES) {
      to.putLong(snapshot.icount());
    }
    to.put(snapshot.unknownExtra().toByteArray());
    to.put(id).put(name);
  }
}
