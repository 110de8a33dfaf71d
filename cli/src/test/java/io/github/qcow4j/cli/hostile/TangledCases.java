package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/** Structures that lie on one another, that name themselves, or that are all one. */
final class TangledCases {

  private static final int SMALL_L1_ENTRIES = 32;
  private static final int SMALL_L2_ENTRIES = 64;

  private TangledCases() {}

  static List<HostileCase> all() {
    List<HostileCase> cases = new ArrayList<>();
    for (Place place : Place.values()) {
      for (Reference reference : Reference.values()) {
        cases.add(tangled(Ground.FULL, reference, place));
        cases.add(tangled(Ground.SMALL_CLUSTERS, reference, place));
      }
    }
    cases.addAll(repeated());
    cases.addAll(CounterCases.lostTails());
    return cases;
  }

  /** Where a structure is. */
  private enum Place {
    HEADER(surgeon -> 0),
    L1_TABLE(surgeon -> surgeon.get(HeaderField.L1_TABLE_OFFSET)),
    L2_TABLE(surgeon -> surgeon.l2TableOffset(0)),
    DATA(surgeon -> surgeon.clusterOffset(0)),
    REFCOUNT_TABLE(surgeon -> surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET)),
    REFCOUNT_BLOCK(surgeon -> surgeon.refcountTableEntry(0)),
    SNAPSHOT_TABLE(surgeon -> surgeon.get(HeaderField.SNAPSHOTS_OFFSET)),
    SNAPSHOT_L1(surgeon -> surgeon.number(surgeon.get(HeaderField.SNAPSHOTS_OFFSET))),
    BITMAP_DIRECTORY(TangledCases::bitmapDirectory),
    BITMAP_TABLE(surgeon -> surgeon.number(bitmapDirectory(surgeon)));

    @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
    private final ToLongFunction<ImageSurgeon> hostOffset;

    Place(ToLongFunction<ImageSurgeon> hostOffset) {
      this.hostOffset = hostOffset;
    }
  }

  /** What names a structure, and can be made to name another. */
  private enum Reference {
    L1_TABLE(HeaderField.L1_TABLE_OFFSET, 0),
    L2_TABLE(surgeon -> surgeon.get(HeaderField.L1_TABLE_OFFSET), ImageSurgeon.COPIED),
    CLUSTER(surgeon -> surgeon.l2EntryHostOffset(0), ImageSurgeon.COPIED),
    ZERO_CLUSTER(surgeon -> surgeon.l2EntryHostOffset(0), ImageSurgeon.COPIED | ImageSurgeon.ZERO),
    STREAM(surgeon -> surgeon.l2EntryHostOffset(0), ImageSurgeon.COMPRESSED),
    REFCOUNT_TABLE(HeaderField.REFCOUNT_TABLE_OFFSET, 0),
    REFCOUNT_BLOCK(surgeon -> surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET), 0),
    SNAPSHOT_TABLE(HeaderField.SNAPSHOTS_OFFSET, 0),
    SNAPSHOT_L1(surgeon -> surgeon.get(HeaderField.SNAPSHOTS_OFFSET), 0),
    BITMAP_DIRECTORY(
        surgeon -> surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16, 0),
    BITMAP_TABLE(TangledCases::bitmapDirectory, 0),
    BITMAP_DATA(surgeon -> surgeon.number(bitmapDirectory(surgeon)), 0);

    @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
    private final ToLongFunction<ImageSurgeon> position;

    private final long flags;

    Reference(ToLongFunction<ImageSurgeon> position, long flags) {
      this.position = position;
      this.flags = flags;
    }

    Reference(HeaderField field, long flags) {
      this(surgeon -> field.offset(), flags);
    }

    /** What an image must have for the reference to be there. */
    Set<Part> about() {
      return switch (this) {
        case SNAPSHOT_TABLE, SNAPSHOT_L1 -> Set.of(Part.SNAPSHOTS);
        case BITMAP_DIRECTORY, BITMAP_TABLE, BITMAP_DATA -> Set.of(Part.BITMAPS);
        default -> Set.of();
      };
    }
  }

  private static HostileCase tangled(Ground ground, Reference reference, Place place) {
    return new HostileCase(
        "%s of %s is the %s".formatted(reference, ground, place),
        ground,
        surgeon -> {
          long target = place.hostOffset.applyAsLong(surgeon);
          surgeon.setNumber(reference.position.applyAsLong(surgeon), target | reference.flags);
        },
        reference.about());
  }

  private static List<HostileCase> repeated() {
    return List.of(
        small(
            "every L1 entry is one L2 table",
            surgeon -> fill(surgeon, surgeon.get(HeaderField.L1_TABLE_OFFSET), SMALL_L1_ENTRIES)),
        small(
            "every L2 entry is one cluster",
            surgeon -> fill(surgeon, surgeon.l2TableOffset(0), SMALL_L2_ENTRIES)),
        small(
            "every L2 table is the L1 table, whose entries are the L1 table",
            surgeon -> {
              long l1Table = surgeon.get(HeaderField.L1_TABLE_OFFSET);
              surgeon.setL1Entry(0, l1Table | ImageSurgeon.COPIED);
              fill(surgeon, l1Table, SMALL_L1_ENTRIES);
            }),
        small(
            "every refcount block is the first",
            surgeon ->
                fill(surgeon, surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET), SMALL_L2_ENTRIES)),
        small(
            "every counter is the largest",
            surgeon -> surgeon.write(surgeon.refcountTableEntry(0), ones(512))),
        small(
            "every counter is zero",
            surgeon -> surgeon.write(surgeon.refcountTableEntry(0), new byte[512])),
        new HostileCase(
            "a file of nothing but ones behind its header",
            Ground.FULL,
            surgeon -> surgeon.write(65_536, ones((int) surgeon.lengthBytes() - 65_536))),
        new HostileCase(
            "a file of nothing but zeros behind its header",
            Ground.FULL,
            surgeon -> surgeon.write(65_536, new byte[(int) surgeon.lengthBytes() - 65_536])),
        new HostileCase("a file that ends with its header", Ground.FULL, s -> s.truncate(65_536)),
        new HostileCase("a file of the magic alone", Ground.FULL, s -> s.truncate(4)),
        new HostileCase("a file that ends in its header", Ground.FULL, s -> s.truncate(100)),
        new HostileCase("an empty file", Ground.FULL, s -> s.truncate(0)));
  }

  /** Of as many clusters as there may be; a search for a free cluster is one of all counters. */
  static HostileCase longestRefcountTableOfOneFullBlock() {
    return new HostileCase(
        "all entries of the longest refcount table are one full block",
        Ground.FULL,
        surgeon -> {
          int clusters = (8 << 20) / surgeon.clusterSizeBytes();
          long table = surgeon.appendClusters(clusters);
          long block = surgeon.refcountTableEntry(0);
          byte[] counters = new byte[surgeon.clusterSizeBytes()];
          for (int i = 1; i < counters.length; i += Short.BYTES) {
            counters[i] = 1;
          }
          surgeon.write(block, counters);
          surgeon.write(table, numbers(8 << 20, block));
          surgeon.set(HeaderField.REFCOUNT_TABLE_OFFSET, table);
          surgeon.set(HeaderField.REFCOUNT_TABLE_CLUSTERS, clusters);
        });
  }

  /** Of as many entries as there may be: 256 GiB of L2 tables in 34 MB. */
  static HostileCase longestL1TableOfOneL2Table() {
    return new HostileCase(
        "all entries of the longest L1 table are one L2 table",
        Ground.FULL,
        surgeon -> {
          int bytes = 32 << 20;
          forgetBitmaps(surgeon);
          long table = surgeon.appendClusters(bytes / surgeon.clusterSizeBytes());
          surgeon.write(table, numbers(bytes, surgeon.l1Entry(0) & ~ImageSurgeon.COPIED));
          surgeon.set(HeaderField.L1_TABLE_OFFSET, table);
          surgeon.set(HeaderField.L1_SIZE, bytes / Long.BYTES);
          surgeon.set(HeaderField.SIZE, 1L << 51);
        });
  }

  /**
   * As many repetitions of one full L2 table as there may be, in which no two clusters are
   * neighbours: a quarter of a million extents in 200 KB.
   */
  static HostileCase mostRepetitionsOfOneL2Table() {
    return new HostileCase(
        "as many L1 entries as may be are one L2 table",
        Ground.FULL,
        surgeon -> {
          int clusterSize = surgeon.clusterSizeBytes();
          int l1Entries = 1 + (int) (FormatLimits.MAX_REPEATED_L2_BYTES / clusterSize);
          forgetBitmaps(surgeon);
          long first = surgeon.appendClusters(4);
          long l1Table = append(surgeon, numbers(l1Entries * Long.BYTES, first));
          byte[] entries = numbers(clusterSize, first + 2L * clusterSize);
          for (int i = 0; i < clusterSize; i += 2 * Long.BYTES) {
            ByteBuffer.wrap(entries).putLong(i, first + 3L * clusterSize);
          }
          surgeon.write(first, entries);
          surgeon.set(HeaderField.L1_TABLE_OFFSET, l1Table);
          surgeon.set(HeaderField.L1_SIZE, l1Entries);
          surgeon.set(HeaderField.SIZE, (long) l1Entries << 29);
        });
  }

  /** The same of an L2 table of extended entries, each of 32 extents: 0.4 million in 200 KB. */
  static HostileCase mostRepetitionsOfOneExtendedL2Table() {
    int most = 1 + (int) (FormatLimits.MAX_REPEATED_EXTENDED_L2_BYTES >> 16);
    return extendedL2Table("as many L1 entries as may be are one extended L2 table", most);
  }

  /** Of which only the bytes of the table were counted: 33.7 million extents. */
  static HostileCase tooManyRepetitionsOfOneExtendedL2Table() {
    return extendedL2Table("more L1 entries than may be are one extended L2 table", 257);
  }

  /** Every second subcluster of the disk is data. */
  private static HostileCase extendedL2Table(String name, int l1Entries) {
    return new HostileCase(
        name,
        Ground.SUBCLUSTERS,
        surgeon -> {
          int clusterSize = surgeon.clusterSizeBytes();
          forgetBitmaps(surgeon);
          long first = surgeon.appendClusters(3);
          long l1Table = append(surgeon, numbers(l1Entries * Long.BYTES, first));
          byte[] entries = numbers(clusterSize, first + 2L * clusterSize);
          for (int i = Long.BYTES; i < clusterSize; i += 2 * Long.BYTES) {
            ByteBuffer.wrap(entries).putLong(i, 0x5555_5555L);
          }
          surgeon.write(first, entries);
          surgeon.set(HeaderField.L1_TABLE_OFFSET, l1Table);
          surgeon.set(HeaderField.L1_SIZE, l1Entries);
          surgeon.set(HeaderField.SIZE, (long) l1Entries << 28);
        });
  }

  /** As many snapshots as there may be: 2 TiB of L1 tables in 39 MB. */
  static HostileCase snapshotsOfOneLongestL1Table() {
    return new HostileCase(
            "all snapshots have one L1 table, the longest",
            Ground.FULL,
            surgeon -> {
              int count = 65_536;
              int bytes = 32 << 20;
              long l1 = surgeon.appendClusters(bytes / surgeon.clusterSizeBytes());
              ByteBuffer table = ByteBuffer.allocate(count * 64);
              for (int i = 0; i < count; i++) {
                byte[] id = Integer.toString(i + 1).getBytes(StandardCharsets.US_ASCII);
                byte[] name = (i == 0 ? "first" : "s").getBytes(StandardCharsets.US_ASCII);
                table.position(i * 64).putLong(l1).putInt(bytes / Long.BYTES);
                table
                    .putShort((short) id.length)
                    .putShort((short) name.length)
                    .position(i * 64 + 36);
                table.putInt(16).putLong(0).putLong(Ground.SIZE_BYTES).put(id).put(name);
              }
              surgeon.set(HeaderField.SNAPSHOTS_OFFSET, append(surgeon, table.array()));
              surgeon.set(HeaderField.NB_SNAPSHOTS, count);
            })
        .about(Part.SNAPSHOTS);
  }

  /** As many bitmaps as there may be: 68 GB of bitmap tables in 5 MB. */
  static HostileCase bitmapsOfOneTable() {
    return new HostileCase(
            "all bitmaps have one table, as long as any may be",
            Ground.FULL,
            surgeon -> {
              int count = 65_535;
              long bitmaps = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
              // Bits for as many sectors as the data of one bitmap may have.
              surgeon.set(HeaderField.SIZE, 1L << 41);
              int tableEntries = (1 << 29) / surgeon.clusterSizeBytes();
              long table = append(surgeon, new byte[tableEntries * Long.BYTES]);
              ByteBuffer directory = ByteBuffer.allocate(count * 32);
              for (int i = 0; i < count; i++) {
                byte[] name = Integer.toString(100_000 + i).getBytes(StandardCharsets.US_ASCII);
                directory.position(i * 32).putLong(table).putInt(tableEntries).putInt(0);
                directory
                    .put((byte) 1)
                    .put((byte) 9)
                    .putShort((short) name.length)
                    .putInt(0)
                    .put(name);
              }
              surgeon.setNumber(bitmaps, 4, count);
              surgeon.setNumber(bitmaps + 8, directory.capacity());
              surgeon.setNumber(bitmaps + 16, append(surgeon, directory.array()));
            })
        .about(Part.BITMAPS);
  }

  /**
   * As many bitmaps as there may be, each with a table of its own, in a hole; and with the same
   * cluster of bits, or with none. A write is for all of them: 128 GiB of bits.
   */
  static HostileCase bitmapsWithLargeClusters(boolean oneClusterOfBits) {
    return new HostileCase(
            "all bitmaps have " + (oneClusterOfBits ? "one large cluster of bits" : "no bits yet"),
            Ground.LARGE_CLUSTERS,
            surgeon -> {
              int count = 65_535;
              long bitmaps = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
              long bits = append(surgeon, ones(surgeon.clusterSizeBytes() / 2));
              ByteBuffer directory = ByteBuffer.allocate(count * 32);
              long place = surgeon.appendClusters(2);
              long tables = surgeon.appendClusters(count);
              for (int i = 0; i < count; i++) {
                long table = tables + (long) i * surgeon.clusterSizeBytes();
                byte[] name = Integer.toString(100_000 + i).getBytes(StandardCharsets.US_ASCII);
                directory.position(i * 32).putLong(table).putInt(1).putInt(2);
                directory.put((byte) 1).put((byte) 16).putShort((short) name.length);
                directory.putInt(0).put(name);
                if (oneClusterOfBits && i < 4000) {
                  surgeon.setNumber(table, bits);
                }
              }
              surgeon.write(place, directory.array());
              surgeon.setNumber(bitmaps, 4, count);
              surgeon.setNumber(bitmaps + 8, directory.capacity());
              surgeon.setNumber(bitmaps + 16, place);
            })
        .about(Part.BITMAPS);
  }

  /** Those of a disk that was smaller would be refused, and nobody come to what is behind them. */
  private static void forgetBitmaps(ImageSurgeon surgeon) {
    surgeon.clearFeatureBit(HeaderField.AUTOCLEAR_FEATURES, 0);
  }

  private static long append(ImageSurgeon surgeon, byte[] content) {
    int clusterSize = surgeon.clusterSizeBytes();
    long place = surgeon.appendClusters((content.length + clusterSize - 1) / clusterSize);
    surgeon.write(place, content);
    return place;
  }

  private static byte[] numbers(int lengthBytes, long number) {
    byte[] bytes = new byte[lengthBytes];
    LongBuffer numbers = ByteBuffer.wrap(bytes).asLongBuffer();
    while (numbers.hasRemaining()) {
      numbers.put(number);
    }
    return bytes;
  }

  private static HostileCase small(String name, Consumer<ImageSurgeon> edits) {
    return new HostileCase(name, Ground.SMALL_CLUSTERS, edits);
  }

  /** Makes all entries of a table what the first one is. */
  private static void fill(ImageSurgeon surgeon, long table, int entries) {
    long first = surgeon.number(table);
    for (int i = 1; i < entries; i++) {
      surgeon.setNumber(table + 8L * i, first);
    }
  }

  private static byte[] ones(int lengthBytes) {
    byte[] ones = new byte[lengthBytes];
    java.util.Arrays.fill(ones, (byte) 0xff);
    return ones;
  }

  private static long bitmapDirectory(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16);
  }
}
