package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an image refers to, by the specification, wherever that leads: for counters and copied flags
 * that are right about references that are not.
 */
final class Recount {

  private static final long SNAPSHOT_HEADER_BYTES = 40;

  private final ImageSurgeon surgeon;
  private final int clusterBits;
  private final Map<Long, Integer> references = new HashMap<>();
  private final List<Slot> slots = new ArrayList<>();
  private final List<Long> slack = new ArrayList<>();

  /** What the number at a place refers to. */
  enum Kind {
    L1_TABLE,
    L2_TABLE,
    CLUSTER,
    REFCOUNT_BLOCK,
    BITMAP_TABLE,
    BITMAP_DATA
  }

  /**
   * A number that refers, or may, to a cluster.
   *
   * @param position where it is in the file
   * @param active whether it is of the disk, where flags say that a cluster is counted once
   */
  record Slot(long position, Kind kind, boolean active) {}

  private Recount(ImageSurgeon surgeon) {
    this.surgeon = surgeon;
    this.clusterBits = surgeon.clusterBits();
  }

  /** Goes through an image. */
  static Recount of(ImageSurgeon surgeon) {
    Recount recount = new Recount(surgeon);
    recount.walk();
    return recount;
  }

  /** Every number that refers to a cluster, or could. */
  List<Slot> slots() {
    return slots;
  }

  /** Where there is room for 512 bytes behind a structure, in its last cluster. */
  List<Long> slack() {
    return slack;
  }

  /** How many references a cluster has. */
  int of(long cluster) {
    return references.getOrDefault(cluster, 0);
  }

  /**
   * Stores what was counted, in the counters and in the flags.
   *
   * @return whether the counters have room for it
   */
  boolean store() {
    // The last may be there in part.
    long clusters = (surgeon.lengthBytes() + surgeon.clusterSizeBytes() - 1) >>> clusterBits;
    int bits = surgeon.refcountBits();
    long most = bits >= Integer.SIZE ? Integer.MAX_VALUE : (1L << bits) - 1;
    if (references.entrySet().stream()
        .anyMatch(each -> each.getKey() >= clusters || each.getValue() > most)) {
      return false;
    }
    for (long cluster = 0; cluster < clusters; cluster++) {
      surgeon.setRefcount(cluster << clusterBits, of(cluster));
    }
    slots.stream().filter(Slot::active).forEach(this::storeFlag);
    return true;
  }

  private void storeFlag(Slot slot) {
    long entry = surgeon.number(slot.position);
    boolean compressed = slot.kind == Kind.CLUSTER && (entry & ImageSurgeon.COMPRESSED) != 0;
    long offset = entry & ImageSurgeon.OFFSET_MASK;
    if (!compressed && offset != 0) {
      boolean alone = of(offset >>> clusterBits) == 1;
      surgeon.setNumber(
          slot.position, alone ? entry | ImageSurgeon.COPIED : entry & ~ImageSurgeon.COPIED);
    }
  }

  private void walk() {
    count(0, surgeon.headerLengthBytes());
    addSlack(0, 1024);
    countRefcounts();
    long l1Bytes = 8 * surgeon.get(HeaderField.L1_SIZE);
    long l1Table = surgeon.get(HeaderField.L1_TABLE_OFFSET);
    count(l1Table, l1Bytes);
    addSlack(l1Table, l1Bytes);
    walkL1(l1Table, l1Bytes, true);
    walkSnapshots();
    walkBitmaps();
  }

  private void countRefcounts() {
    long table = surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET);
    long bytes = surgeon.get(HeaderField.REFCOUNT_TABLE_CLUSTERS) << clusterBits;
    count(table, bytes);
    for (long position = table; position < table + bytes && isInFile(position, 8); position += 8) {
      long block = surgeon.number(position) & ~0x1ffL;
      if (block != 0) {
        slots.add(new Slot(position, Kind.REFCOUNT_BLOCK, false));
        count(block, 1);
      }
    }
  }

  private void walkL1(long table, long bytes, boolean active) {
    Set<Long> walked = new HashSet<>();
    for (long position = table; position < table + bytes && isInFile(position, 8); position += 8) {
      slots.add(new Slot(position, Kind.L2_TABLE, active));
      long l2Table = surgeon.number(position) & ImageSurgeon.OFFSET_MASK;
      if (l2Table != 0) {
        count(l2Table, 1);
        walkL2(l2Table, active && walked.add(l2Table));
      }
    }
  }

  private void walkL2(long table, boolean active) {
    int entryBytes = surgeon.extendedL2() ? 16 : 8;
    long end = table + surgeon.clusterSizeBytes();
    for (long position = table; position < end && isInFile(position, 8); position += entryBytes) {
      slots.add(new Slot(position, Kind.CLUSTER, active));
      long entry = surgeon.number(position);
      if ((entry & ImageSurgeon.COMPRESSED) != 0) {
        int sectorBits = clusterBits - 8;
        int offsetBits = 62 - sectorBits;
        long offset = entry & (1L << offsetBits) - 1;
        long sectors = (entry >>> offsetBits & (1L << sectorBits) - 1) + 1;
        count(offset, (sectors * 512) - (offset & 511));
      } else if ((entry & ImageSurgeon.OFFSET_MASK) != 0) {
        count(entry & ImageSurgeon.OFFSET_MASK, 1);
      }
    }
  }

  private void walkSnapshots() {
    long table = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
    long position = table;
    for (long i = 0; i < surgeon.get(HeaderField.NB_SNAPSHOTS); i++) {
      slots.add(new Slot(position, Kind.L1_TABLE, false));
      long l1Table = surgeon.number(position);
      long l1Bytes = 8 * surgeon.number(position + 8, 4);
      count(l1Table, l1Bytes);
      addSlack(l1Table, l1Bytes);
      walkL1(l1Table, l1Bytes, false);
      long texts = surgeon.number(position + 12, 2) + surgeon.number(position + 14, 2);
      long extra = surgeon.number(position + 36, 4);
      position += (SNAPSHOT_HEADER_BYTES + extra + texts + 7) & ~7L;
    }
    if (table != 0) {
      count(table, position - table);
      addSlack(table, position - table);
    }
  }

  private void walkBitmaps() {
    long extension =
        surgeon.extensions().list().stream()
                .anyMatch(each -> each.type() == HeaderExtensions.BITMAPS)
            ? surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS)
            : 0;
    if (extension == 0) {
      return;
    }
    long directory = surgeon.number(extension + 16);
    long directoryBytes = surgeon.number(extension + 8);
    count(directory, directoryBytes);
    addSlack(directory, directoryBytes);
    for (long position = directory; position < directory + directoryBytes; ) {
      slots.add(new Slot(position, Kind.BITMAP_TABLE, false));
      long table = surgeon.number(position);
      long bytes = 8 * surgeon.number(position + 8, 4);
      count(table, bytes);
      addSlack(table, bytes);
      for (long entry = table; entry < table + bytes && isInFile(entry, 8); entry += 8) {
        slots.add(new Slot(entry, Kind.BITMAP_DATA, false));
        long data = surgeon.number(entry) & ImageSurgeon.OFFSET_MASK;
        if (data != 0) {
          count(data, 1);
        }
      }
      long texts = surgeon.number(position + 18, 2) + surgeon.number(position + 20, 4);
      position += (24 + texts + 7) & ~7L;
    }
  }

  private void addSlack(long hostOffset, long bytes) {
    long end = (hostOffset + bytes + 511) & ~511L;
    if ((end & surgeon.clusterSizeBytes() - 1) != 0) {
      slack.add(end);
    }
  }

  private void count(long hostOffset, long bytes) {
    // What is at the end may end within its last cluster.
    if (hostOffset < 0 || bytes < 0 || bytes > surgeon.lengthBytes() + surgeon.clusterSizeBytes()) {
      throw new IllegalStateException("a structure of %d bytes".formatted(bytes));
    }
    for (long cluster = hostOffset >>> clusterBits;
        cluster <= (hostOffset + bytes - 1) >>> clusterBits;
        cluster++) {
      references.merge(cluster, 1, Integer::sum);
    }
  }

  private boolean isInFile(long position, int bytes) {
    return position >= 0 && position + bytes <= surgeon.lengthBytes();
  }
}
