package io.github.qcow4j.cli.hostile;

import static io.github.qcow4j.qcow2.testing.HeaderField.BACKING_FILE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.BACKING_FILE_SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.CLUSTER_BITS;
import static io.github.qcow4j.qcow2.testing.HeaderField.COMPRESSION_TYPE;
import static io.github.qcow4j.qcow2.testing.HeaderField.CRYPT_METHOD;
import static io.github.qcow4j.qcow2.testing.HeaderField.HEADER_LENGTH;
import static io.github.qcow4j.qcow2.testing.HeaderField.L1_SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.L1_TABLE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.NB_SNAPSHOTS;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_ORDER;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_TABLE_CLUSTERS;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_TABLE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.SNAPSHOTS_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.VERSION;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/** Every limit that a reader of the format has to enforce, field by field. */
final class LimitTable {

  private static final int CS = 65_536;
  private static final long LAST_CLUSTER = (1L << 56) - CS;

  /** The first that an entry has no room for, one past the end of the file, one of no cluster. */
  private static final Long[] OFFSETS = {1L << 56, 1L << 40, CS + 512L};

  private static final long FARTHEST = Long.MAX_VALUE / CS * CS;

  private LimitTable() {}

  static List<LimitRow> all() {
    List<LimitRow> rows = new ArrayList<>();
    rows.addAll(header());
    rows.addAll(extensions());
    bitmapsExtension().forEach(row -> rows.add(row.about(Part.BITMAPS)));
    snapshots().forEach(row -> rows.add(row.about(Part.SNAPSHOTS)));
    bitmaps().forEach(row -> rows.add(row.about(Part.BITMAPS)));
    rows.addAll(entries());
    return rows;
  }

  private static List<LimitRow> header() {
    return List.of(
        LimitRow.of(VERSION, 2, 3),
        LimitRow.of(CLUSTER_BITS, 9, 21),
        LimitRow.of(BACKING_FILE_OFFSET, 0, CS),
        LimitRow.of(SIZE, 0, 512L << 20).in(Ground.PLAIN),
        LimitRow.of(CRYPT_METHOD, 0, 2),
        LimitRow.of(L1_SIZE, 0, 4_194_304).inALongFile(),
        LimitRow.of(L1_TABLE_OFFSET, 0, FARTHEST).also(OFFSETS),
        LimitRow.of(REFCOUNT_TABLE_OFFSET, 0, FARTHEST).also(OFFSETS),
        LimitRow.of(REFCOUNT_TABLE_CLUSTERS, 1, 128).inALongFile(),
        LimitRow.of(REFCOUNT_ORDER, 0, 6),
        LimitRow.of(HEADER_LENGTH, 104, CS),
        LimitRow.of(COMPRESSION_TYPE, 0, 1).in(Ground.ZSTD));
  }

  /** Every limit, of names too. */
  static List<LimitRow> withNames() {
    List<LimitRow> rows = new ArrayList<>(all());
    rows.addAll(names());
    return rows;
  }

  /** Of names that an image gives; where such names lead is {@link HostileNamesTest}'s. */
  private static List<LimitRow> names() {
    return List.of(
        LimitRow.of("bytes of a backing file's name", LimitTable::longestBackingName, 4, 0, 1023),
        LimitRow.of("bytes of a backing format's name", LimitTable::backingFormat, 4, 0, 15));
  }

  /** Makes a name; where its length stands. */
  private static long longestBackingName(ImageSurgeon surgeon) {
    surgeon.extensions().setBackingName("x".repeat(1023));
    return BACKING_FILE_SIZE.offset();
  }

  /** Makes a name and zeros behind it; where its length stands. */
  private static long backingFormat(ImageSurgeon surgeon) {
    byte[] name = Arrays.copyOf("raw".getBytes(US_ASCII), 32);
    surgeon.extensions().append(HeaderExtensions.BACKING_FORMAT, name);
    return surgeon.extensions().contentOffset(HeaderExtensions.BACKING_FORMAT) - 4;
  }

  private static List<LimitRow> extensions() {
    ToLongFunction<ImageSurgeon> first = ImageSurgeon::headerLengthBytes;
    return List.of(
        LimitRow.of("length of an extension", at(first, 4), 4, 0, CS - 120),
        LimitRow.of("type of an extension", first, 4, 0, 0xffff_ffffL));
  }

  private static List<LimitRow> bitmapsExtension() {
    ToLongFunction<ImageSurgeon> bitmaps =
        surgeon -> surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
    return List.of(
        LimitRow.of("count of bitmaps", at(bitmaps, 0), 4, 2, 2),
        LimitRow.of("largest count of bitmaps", at(bitmaps, 0), 4, 0, 65_535),
        LimitRow.of("reserved field of bitmaps", at(bitmaps, 4), 4, 0, 0),
        LimitRow.of("bytes of the bitmap directory", at(bitmaps, 8), 8, 64, 64),
        LimitRow.of("bytes of a long bitmap directory", at(bitmaps, 8), 8, 1, 1024 * 65_535)
            .inALongFile(),
        LimitRow.of("offset of the bitmap directory", at(bitmaps, 16), 8, 0, LAST_CLUSTER)
            .also(OFFSETS));
  }

  private static List<LimitRow> snapshots() {
    ToLongFunction<ImageSurgeon> entry = surgeon -> surgeon.get(SNAPSHOTS_OFFSET);
    return List.of(
        LimitRow.of(NB_SNAPSHOTS, 0, 65_536).inALongFile(),
        LimitRow.of(SNAPSHOTS_OFFSET, 0, FARTHEST).also(OFFSETS),
        LimitRow.of(SNAPSHOTS_OFFSET, 0, FARTHEST).also(OFFSETS).in(Ground.VERSION_2),
        LimitRow.of("L1 offset of a snapshot", entry, 8, 0, FARTHEST).also(OFFSETS),
        LimitRow.of("L1 entries of a snapshot", at(entry, 8), 4, 0, 4_194_304)
            .inALongFile()
            .in(Ground.VERSION_2),
        LimitRow.of("bytes of a snapshot's identifier", at(entry, 12), 2, 0, 0xffff),
        LimitRow.of("bytes of a snapshot's name", at(entry, 14), 2, 0, 0xffff),
        LimitRow.of("seconds of a snapshot", at(entry, 16), 4, 0, 0xffff_ffffL),
        LimitRow.of("nanoseconds of a snapshot", at(entry, 20), 4, 0, 999_999_999),
        LimitRow.of("clock of a snapshot", at(entry, 24), 8, 0, -1),
        LimitRow.of("guest state of a snapshot", at(entry, 32), 4, 0, 0xffff_ffffL),
        LimitRow.of("extra data of a snapshot", at(entry, 36), 4, 0, 1024),
        LimitRow.of("guest state of a snapshot, long", at(entry, 40), 8, 0, -1),
        LimitRow.of("disk size of a snapshot", at(entry, 48), 8, 0, 512L << 20));
  }

  private static List<LimitRow> bitmaps() {
    ToLongFunction<ImageSurgeon> entry = LimitTable::bitmapDirectory;
    return List.of(
        LimitRow.of("offset of a bitmap table", entry, 8, CS, FARTHEST).also(OFFSETS),
        LimitRow.of("entries of a bitmap table", at(entry, 8), 4, 1, 1),
        LimitRow.of("entries of the longest bitmap table", at(entry, 8), 4, 1, 0x800_0000)
            // Of 1 GiB.
            .inAFileOf(3L << 30),
        LimitRow.of("flags of a bitmap", at(entry, 12), 4, 0, 3),
        LimitRow.of("type of a bitmap", at(entry, 16), 1, 1, 1),
        LimitRow.of("granularity of a bitmap", at(entry, 17), 1, 9, 31),
        LimitRow.of("bytes of a bitmap's name", at(entry, 18), 2, 1, 1023),
        LimitRow.of("bytes of a bitmap's long name", LimitTable::longestBitmapName, 2, 1, 1023),
        LimitRow.of("extra data of a bitmap", at(entry, 20), 4, 0, 0),
        LimitRow.of(
                "entry of a bitmap table",
                surgeon -> surgeon.number(bitmapDirectory(surgeon)),
                8,
                0,
                LAST_CLUSTER)
            .also(OFFSETS));
  }

  /**
   * Makes a directory of one bitmap, with room for a name of 1024 bytes; where its length stands.
   */
  private static long longestBitmapName(ImageSurgeon surgeon) {
    byte[] first = surgeon.read(bitmapDirectory(surgeon), 24);
    long directory = surgeon.appendCluster();
    surgeon.write(directory, first);
    surgeon.write(directory + 24, "x".repeat(1024).getBytes(US_ASCII));
    long bitmaps = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
    surgeon.setNumber(bitmaps, 4, 1);
    surgeon.setNumber(bitmaps + 8, 24 + 1024);
    surgeon.setNumber(bitmaps + 16, directory);
    return directory + 18;
  }

  private static List<LimitRow> entries() {
    ToLongFunction<ImageSurgeon> refcountTable = surgeon -> surgeon.get(REFCOUNT_TABLE_OFFSET);
    ToLongFunction<ImageSurgeon> l2 = surgeon -> surgeon.l2EntryHostOffset(0);
    return List.of(
        LimitRow.of("entry of the refcount table", refcountTable, 8, CS, LAST_CLUSTER)
            .also(OFFSETS),
        LimitRow.of("unused entry of the refcount table", at(refcountTable, 8), 8, 0, LAST_CLUSTER)
            .also(OFFSETS),
        LimitRow.of("a refcount", surgeon -> surgeon.refcountTableEntry(0), 2, 1, 0xffff),
        l1Entry(Ground.FULL),
        l1Entry(Ground.SUBCLUSTERS),
        LimitRow.of("L1 entry of a snapshot", LimitTable::snapshotL1, 8, 0, LAST_CLUSTER)
            .also(OFFSETS)
            .about(Part.SNAPSHOTS),
        LimitRow.of("L2 entry of a snapshot", LimitTable::snapshotL2, 8, 0, LAST_CLUSTER)
            .also(OFFSETS)
            .about(Part.SNAPSHOTS),
        LimitRow.of("L2 entry", l2, 8, 0, LAST_CLUSTER)
            .also(OFFSETS)
            .withFlags(ImageSurgeon.COPIED),
        LimitRow.of("zero L2 entry", l2, 8, 0, LAST_CLUSTER)
            .also(OFFSETS)
            .withFlags(ImageSurgeon.COPIED | ImageSurgeon.ZERO),
        LimitRow.of("extended L2 entry", l2, 8, 0, LAST_CLUSTER)
            .also(OFFSETS)
            .withFlags(ImageSurgeon.COPIED)
            .in(Ground.SUBCLUSTERS),
        LimitRow.of("subcluster bitmap", at(l2, 8), 8, 0, 0xffff_ffffL).in(Ground.SUBCLUSTERS),
        stream(Ground.ZLIB, 54),
        stream(Ground.ZSTD, 54));
  }

  private static LimitRow l1Entry(Ground ground) {
    return LimitRow.of("L1 entry", surgeon -> surgeon.get(L1_TABLE_OFFSET), 8, 0, LAST_CLUSTER)
        .also(OFFSETS)
        .withFlags(ImageSurgeon.COPIED)
        .in(ground);
  }

  /**
   * Of an entry of compressed data the offset has the lower bits, the count of sectors the rest.
   */
  private static LimitRow stream(Ground ground, int offsetBits) {
    return LimitRow.of(
            "compressed L2 entry",
            surgeon -> surgeon.l2EntryHostOffset(0),
            8,
            0,
            (1L << offsetBits) - 1)
        .withFlags(ImageSurgeon.COMPRESSED)
        .in(ground);
  }

  private static ToLongFunction<ImageSurgeon> at(ToLongFunction<ImageSurgeon> base, int more) {
    return surgeon -> base.applyAsLong(surgeon) + more;
  }

  private static long bitmapDirectory(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS) + 16);
  }

  private static long snapshotL1(ImageSurgeon surgeon) {
    return surgeon.number(surgeon.get(SNAPSHOTS_OFFSET));
  }

  private static long snapshotL2(ImageSurgeon surgeon) {
    return surgeon.number(snapshotL1(surgeon)) & ImageSurgeon.OFFSET_MASK;
  }
}
