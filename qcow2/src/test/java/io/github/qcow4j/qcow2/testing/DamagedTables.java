package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.DamagedBase.COMPRESSED;
import static io.github.qcow4j.qcow2.testing.DamagedBase.DATA;
import static io.github.qcow4j.qcow2.testing.DamagedBase.FREE;
import static io.github.qcow4j.qcow2.testing.DamagedBase.LAST_DATA;
import static io.github.qcow4j.qcow2.testing.DamagedBase.MORE_DATA;
import static io.github.qcow4j.qcow2.testing.DamagedBase.PREALLOCATED_ZERO;
import static io.github.qcow4j.qcow2.testing.HeaderField.L1_SIZE;
import static io.github.qcow4j.qcow2.testing.HeaderField.L1_TABLE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_TABLE_OFFSET;
import static io.github.qcow4j.qcow2.testing.ImageSurgeon.COPIED;
import static io.github.qcow4j.qcow2.testing.ImageSurgeon.ZERO;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** L1 and L2 tables that lie where they must not, and entries that say what they must not. */
final class DamagedTables {

  private static final int CS = DamagedBase.CLUSTER_BYTES;
  private static final String EXTENDED = "extended_l2=on";

  private DamagedTables() {}

  static List<ImageRecipe> l1() {
    return List.of(
        edited("l1-size-0", "no L1 table for a disk", s -> s.set(L1_SIZE, 0)),
        edited(
            "l1-size-at-limit",
            "an L1 table of 32 MiB, most of it past the file's end",
            s -> s.set(L1_SIZE, 4_194_304)),
        edited(
            "l1-size-past-limit",
            "an L1 table one entry over 32 MiB",
            s -> s.set(L1_SIZE, 4_194_305)),
        edited(
            "l1-size-all-ones",
            "the largest number of L1 entries",
            s -> s.set(L1_SIZE, 0xffff_ffffL)),
        edited(
            "l1-offset-unaligned",
            "an L1 table off a cluster border",
            s -> s.set(L1_TABLE_OFFSET, s.get(L1_TABLE_OFFSET) + 512)),
        edited(
            "l1-offset-overflow",
            "an L1 table at the end of the number range",
            s -> s.set(L1_TABLE_OFFSET, Long.MAX_VALUE / CS * CS)),
        edited(
            "l1-offset-past-2-to-63",
            "an L1 table beyond signed numbers",
            s -> s.set(L1_TABLE_OFFSET, 1L << 63)),
        edited(
            "l1-offset-past-eof",
            "an L1 table behind the file",
            s -> s.set(L1_TABLE_OFFSET, 1L << 30)),
        edited("l1-offset-0", "the header read as L1 table", s -> s.set(L1_TABLE_OFFSET, 0)),
        edited(
            "l1-on-refcount-table",
            "the refcount table read as L1 table",
            s -> s.set(L1_TABLE_OFFSET, s.get(REFCOUNT_TABLE_OFFSET))),
        edited(
            "l1-entry-low-reserved-bit",
            "reserved bit 3 in an L1 entry",
            s -> s.setL1Entry(0, s.l1Entry(0) | 8)),
        edited(
            "l1-entry-high-reserved-bit",
            "reserved bit 60 in an L1 entry",
            s -> s.setL1Entry(0, s.l1Entry(0) | 1L << 60)),
        edited(
            "l1-entry-not-copied",
            "an L1 entry without the copied flag",
            s -> s.setL1Entry(0, s.l1Entry(0) & ~COPIED)),
        edited(
            "l1-entry-copied-alone",
            "an L1 entry of nothing but the copied flag",
            s -> s.setL1Entry(0, COPIED)),
        edited(
            "l2-table-unaligned",
            "an L2 table off a cluster border",
            s -> s.setL1Entry(0, s.l1Entry(0) + 512)),
        edited(
            "l2-table-past-eof",
            "an L2 table behind the file",
            s -> s.setL1Entry(0, COPIED | 1L << 30)),
        edited(
            "l2-table-at-largest-offset",
            "an L2 table at the largest offset an entry holds",
            s -> s.setL1Entry(0, COPIED | (1L << 56) - CS)),
        edited(
            "l2-table-is-l1-table",
            "an L1 entry that points at its own table",
            s -> s.setL1Entry(0, COPIED | s.get(L1_TABLE_OFFSET))),
        edited(
            "l2-table-is-refcount-block",
            "an L1 entry that points at a refcount block",
            s -> s.setL1Entry(0, COPIED | s.refcountTableEntry(0))),
        edited(
            "l2-table-is-data",
            "an L1 entry that points at a data cluster",
            s -> s.setL1Entry(0, COPIED | s.clusterOffset(DATA))),
        small(
            "l2-table-used-twice",
            "two L1 entries on one L2 table with refcount 1",
            s -> s.setL1Entry(1, s.l1Entry(0))),
        small("l2-table-lost", "an L1 entry that was zeroed", s -> s.setL1Entry(0, 0)));
  }

  static List<ImageRecipe> entries() {
    return List.of(
        edited(
            "l2-entry-low-reserved-bit",
            "reserved bit 4 in an L2 entry",
            s -> s.setL2Entry(DATA, s.l2Entry(DATA) | 16)),
        edited(
            "l2-entry-high-reserved-bit",
            "reserved bit 58 in an L2 entry",
            s -> s.setL2Entry(DATA, s.l2Entry(DATA) | 1L << 58)),
        edited(
            "l2-entry-not-copied",
            "a data entry without the copied flag",
            s -> s.setL2Entry(DATA, s.clusterOffset(DATA))),
        edited(
            "l2-entry-copied-alone",
            "an L2 entry of nothing but the copied flag",
            s -> s.setL2Entry(FREE, COPIED)),
        edited(
            "data-unaligned",
            "a data cluster off a cluster border",
            s -> s.setL2Entry(DATA, s.l2Entry(DATA) + 512)),
        edited(
            "data-half-past-eof",
            "a data cluster that the file's end cuts",
            s -> s.truncate(s.clusterOffset(LAST_DATA) + CS / 2)),
        edited(
            "data-just-past-eof",
            "a data cluster that starts at the file's end",
            s -> s.setL2Entry(FREE, COPIED | (s.lengthBytes() + CS - 1) / CS * CS)),
        edited(
            "data-far-past-eof",
            "a data cluster a gigabyte behind the file",
            s -> s.setL2Entry(FREE, COPIED | 1L << 30)),
        edited(
            "data-at-largest-offset",
            "a data cluster at the largest offset an entry holds",
            s -> s.setL2Entry(FREE, COPIED | (1L << 56) - CS)),
        edited(
            "data-is-l2-table",
            "a data entry that points at its own table",
            s -> s.setL2Entry(FREE, COPIED | s.l2TableOffset(FREE))),
        edited(
            "data-is-refcount-block",
            "a data entry that points at a refcount block",
            s -> s.setL2Entry(FREE, COPIED | s.refcountTableEntry(0))),
        edited(
            "data-used-twice",
            "two guest clusters on one host cluster with refcount 1",
            s -> s.setL2Entry(FREE, s.l2Entry(DATA))),
        edited(
            "data-used-twice-not-copied",
            "the same, without copied flags",
            DamagedTables::sharedHonestly),
        edited("data-lost", "a data entry that was zeroed", s -> s.setL2Entry(DATA, 0)),
        edited(
            "zero-unaligned",
            "a preallocated zero cluster off a cluster border",
            s -> s.setL2Entry(PREALLOCATED_ZERO, s.l2Entry(PREALLOCATED_ZERO) + 512)),
        edited(
            "zero-past-eof",
            "a preallocated zero cluster behind the file",
            s -> s.setL2Entry(PREALLOCATED_ZERO, COPIED | 1L << 30 | ZERO)),
        edited(
            "zero-not-copied",
            "a preallocated zero cluster without the copied flag",
            s -> s.setL2Entry(PREALLOCATED_ZERO, s.l2Entry(PREALLOCATED_ZERO) & ~COPIED)),
        DamagedBase.with(
            "version-2-zero-flag",
            "the zero flag in a version 2 image",
            "compat=0.10",
            s -> s.setL2Entry(DATA, s.l2Entry(DATA) | ZERO)),
        DamagedBase.with(
            "version-2-plain-zero-flag",
            "the zero flag without a host cluster in a version 2 image",
            "compat=0.10",
            s -> s.setL2Entry(FREE, ZERO)));
  }

  static List<ImageRecipe> subclusters() {
    return List.of(
        extended(
            "subcluster-both-bits",
            "a subcluster that is allocated and zero",
            s -> s.setL2Bitmap(DATA, s.l2Bitmap(DATA) | 1L << 40)),
        extended(
            "subcluster-allocated-without-cluster",
            "an allocated subcluster without a host cluster",
            s -> s.setL2Bitmap(FREE, 4)),
        extended(
            "subcluster-zero-flag",
            "the zero flag of standard entries in an extended one",
            s -> s.setL2Entry(DATA, s.l2Entry(DATA) | ZERO)),
        extended(
            "subcluster-plain-zero-flag",
            "the zero flag alone in an extended entry",
            s -> s.setL2Entry(FREE, ZERO)),
        extended(
            "subcluster-compressed-with-bitmap",
            "a compressed cluster with subcluster bits",
            s -> s.setL2Bitmap(COMPRESSED, 1)),
        extended(
            "subcluster-data-unaligned",
            "a host cluster off a cluster border under subclusters",
            s -> s.setL2Entry(MORE_DATA, s.l2Entry(MORE_DATA) + 512)));
  }

  static List<ImageRecipe> dataFiles() {
    return List.of(
        dataFile(
            "data-file-offset-shifted",
            "a mapping into another place of the data file",
            s -> s.setL2Entry(MORE_DATA, COPIED | LAST_DATA)),
        dataFile(
            "data-file-offset-past-eof",
            "a mapping behind the data file",
            s -> s.setL2Entry(FREE, COPIED | 1L << 30)),
        dataFile(
            "data-file-unaligned",
            "a mapping off a cluster border of the data file",
            s -> s.setL2Entry(MORE_DATA, s.l2Entry(MORE_DATA) + 512)),
        dataFile(
            "data-file-compressed",
            "a compressed cluster with an external data file",
            s -> s.setL2Entry(FREE, ImageSurgeon.COMPRESSED | CS)),
        dataFile(
            "data-file-not-copied",
            "an allocated cluster of the data file without the copied flag",
            s -> s.setL2Entry(MORE_DATA, s.clusterOffset(MORE_DATA))));
  }

  private static void sharedHonestly(ImageSurgeon surgeon) {
    surgeon.setL2Entry(DATA, surgeon.clusterOffset(DATA));
    surgeon.setL2Entry(FREE, surgeon.clusterOffset(DATA));
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.edited(name, meaning, edits);
  }

  private static ImageRecipe extended(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.with(name, meaning, EXTENDED, edits);
  }

  /** Clusters of 512 bytes, two L2 tables. */
  private static ImageRecipe small(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(
        name,
        meaning,
        bench -> {
          Path image =
              bench.image(
                  "image.qcow2",
                  "cluster_size=512",
                  64 << 10,
                  "write -P 3 0 2k",
                  "write -P 4 40k 2k");
          return bench.operate(image, edits);
        });
  }

  private static ImageRecipe dataFile(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(
        name,
        meaning,
        bench ->
            bench.operate(
                DamagedBase.image(bench, "data_file=" + bench.path("guest.data")), edits));
  }
}
