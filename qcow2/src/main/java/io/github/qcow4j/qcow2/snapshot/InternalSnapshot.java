package io.github.qcow4j.qcow2.snapshot;

import io.github.qcow4j.qcow2.header.UnknownBytes;
import java.util.List;
import java.util.regex.Pattern;

/**
 * One entry of the snapshot table (qcow2 specification, "Snapshots"). Bytes of its identifier and
 * name that are no text are kept, see {@link StoredText}.
 *
 * @param l1TableOffset host offset of the snapshot's L1 table
 * @param l1Entries its length in entries
 * @param id its identifier, unique in the image
 * @param name its name, not necessarily unique
 * @param dateSeconds when it was taken, in seconds since 1970-01-01 UTC
 * @param dateNanos the nanoseconds of that
 * @param vmClockNanos how long the guest had run then, in nanoseconds
 * @param vmStateBytes size of the saved guest state, 0 for none
 * @param diskBytes the disk's size at that time as stored, or -1 when the entry does not say
 * @param icount the guest's instruction count, or -1 for not recorded
 * @param extraBytes length of the entry's extra data
 * @param unknownExtra extra data beyond what the specification names
 */
public record InternalSnapshot(
    long l1TableOffset,
    int l1Entries,
    String id,
    String name,
    long dateSeconds,
    int dateNanos,
    long vmClockNanos,
    long vmStateBytes,
    long diskBytes,
    long icount,
    int extraBytes,
    UnknownBytes unknownExtra) {

  /** Identifiers that are numbers small enough to be counted on from. */
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

  /**
   * The size of the snapshot's disk, a multiple of 512. One that no disk can have, of 2^63 bytes
   * and more, stays larger than any.
   *
   * @param currentBytes the disk's present size, which counts when the snapshot does not say
   */
  public long virtualSize(long currentBytes) {
    if (!saysSize()) {
      return currentBytes;
    }
    return (diskBytes < 0 ? Long.MAX_VALUE : diskBytes) & -512L;
  }

  /** Whether the entry has the disk's size: those of version 2 need not. */
  public boolean saysSize() {
    return extraBytes >= 16;
  }

  /** The length of the table entry in bytes, padding included. */
  public int storedBytes() {
    int nameBytes = StoredText.encode(name).length;
    int idBytes = StoredText.encode(id).length;
    return (40 + extraBytes + idBytes + nameBytes + 7) & ~7;
  }

  /**
   * The same with all the extra data that writers of version 3 store.
   *
   * @param currentBytes the disk's size, for an entry that says none
   */
  public InternalSnapshot complete(long currentBytes) {
    return new InternalSnapshot(
        l1TableOffset,
        l1Entries,
        id,
        name,
        dateSeconds,
        dateNanos,
        vmClockNanos,
        vmStateBytes,
        saysSize() ? diskBytes : currentBytes,
        icount,
        Math.max(24, extraBytes),
        unknownExtra);
  }

  /** The same with its L1 table elsewhere. */
  public InternalSnapshot withL1(long newTableOffset, int newEntries) {
    return new InternalSnapshot(
        newTableOffset,
        newEntries,
        id,
        name,
        dateSeconds,
        dateNanos,
        vmClockNanos,
        vmStateBytes,
        diskBytes,
        icount,
        extraBytes,
        unknownExtra);
  }

  /**
   * The identifier of the next snapshot: one more than the largest number among those there are.
   */
  public static String nextId(List<InternalSnapshot> snapshots) {
    long largest = 0;
    for (InternalSnapshot snapshot : snapshots) {
      if (NUMBER.matcher(snapshot.id).matches()) {
        largest = Math.max(largest, Long.parseLong(snapshot.id));
      }
    }
    return Long.toString(largest + 1);
  }
}
