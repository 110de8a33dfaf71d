package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.DamagedBase.COMPRESSED;
import static io.github.qcow4j.qcow2.testing.DamagedBase.DATA;
import static io.github.qcow4j.qcow2.testing.HeaderField.L1_TABLE_OFFSET;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_TABLE_CLUSTERS;
import static io.github.qcow4j.qcow2.testing.HeaderField.REFCOUNT_TABLE_OFFSET;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * Refcount tables, blocks and counters that are wrong, in the harmless and in the harmful
 * direction.
 */
final class DamagedRefcounts {

  private static final int CS = DamagedBase.CLUSTER_BYTES;

  private DamagedRefcounts() {}

  static List<ImageRecipe> counters() {
    return List.of(
        edited(
            "leak-unreferenced",
            "a counter for a cluster that nothing uses",
            s -> s.appendCluster()),
        edited(
            "leak-too-high",
            "a data cluster counted twice",
            s -> s.setRefcount(s.clusterOffset(DATA), 2)),
        edited(
            "leak-past-eof",
            "a counter for a cluster behind the file",
            s -> s.setRefcount(s.lengthBytes() + 9L * CS, 1)),
        edited(
            "count-0-of-data",
            "a data cluster that counts as free",
            s -> s.setRefcount(s.clusterOffset(DATA), 0)),
        edited(
            "count-0-of-compressed",
            "compressed data that counts as free",
            s -> s.setRefcount(s.compressedEntry(COMPRESSED).hostOffset(), 0)),
        edited("count-0-of-header", "a header that counts as free", s -> s.setRefcount(0, 0)),
        edited(
            "count-0-of-l1",
            "an L1 table that counts as free",
            s -> s.setRefcount(s.get(L1_TABLE_OFFSET), 0)),
        edited(
            "count-0-of-l2",
            "an L2 table that counts as free",
            s -> s.setRefcount(s.l2TableOffset(DATA), 0)),
        edited(
            "count-2-of-l2",
            "an L2 table counted twice",
            s -> s.setRefcount(s.l2TableOffset(DATA), 2)),
        edited(
            "count-0-of-refcount-block",
            "a refcount block that counts as free",
            s -> s.setRefcount(s.refcountTableEntry(0), 0)),
        edited(
            "count-0-of-refcount-table",
            "a refcount table that counts as free",
            s -> s.setRefcount(s.get(REFCOUNT_TABLE_OFFSET), 0)),
        edited(
            "count-at-maximum",
            "the largest counter on a data cluster",
            s -> s.setRefcount(s.clusterOffset(DATA), 0xffff)),
        new ImageRecipe(
            "count-1-of-2",
            "a cluster shared with a snapshot that is counted once",
            DamagedRefcounts::sharedCountedOnce),
        new ImageRecipe(
            "copied-but-shared",
            "the copied flag on a cluster shared with a snapshot",
            DamagedRefcounts::copiedButShared),
        DamagedBase.with(
            "leak-one-bit",
            "one-bit counters, one too many",
            "refcount_bits=1",
            s -> s.appendCluster()),
        DamagedBase.with(
            "leak-64-bit",
            "a 64-bit counter beyond signed numbers",
            "refcount_bits=64",
            s -> s.setRefcount(s.clusterOffset(DATA), -1)),
        DamagedBase.with(
            "dirty-with-leak",
            "the dirty bit and a leak",
            "lazy_refcounts=on",
            DamagedRefcounts::dirty));
  }

  static List<ImageRecipe> tables() {
    return List.of(
        edited(
            "refcount-table-clusters-0",
            "no refcount table",
            s -> s.set(REFCOUNT_TABLE_CLUSTERS, 0)),
        edited(
            "refcount-table-at-limit",
            "a refcount table of 8 MiB, most of it past the file's end",
            s -> s.set(REFCOUNT_TABLE_CLUSTERS, 128)),
        edited(
            "refcount-table-past-limit",
            "a refcount table one cluster over 8 MiB",
            s -> s.set(REFCOUNT_TABLE_CLUSTERS, 129)),
        edited(
            "refcount-table-clusters-all-ones",
            "the largest number of refcount table clusters",
            s -> s.set(REFCOUNT_TABLE_CLUSTERS, 0xffff_ffffL)),
        edited(
            "refcount-table-unaligned",
            "a refcount table off a cluster border",
            s -> s.set(REFCOUNT_TABLE_OFFSET, CS + 8)),
        edited(
            "refcount-table-overflow",
            "a refcount table at the end of the number range",
            s -> s.set(REFCOUNT_TABLE_OFFSET, Long.MAX_VALUE / CS * CS)),
        edited(
            "refcount-table-past-eof",
            "a refcount table behind the file",
            s -> s.set(REFCOUNT_TABLE_OFFSET, 1L << 30)),
        edited(
            "refcount-table-is-header",
            "the header read as refcount table",
            s -> s.set(REFCOUNT_TABLE_OFFSET, 0)),
        edited(
            "refcount-table-is-l1",
            "the L1 table read as refcount table",
            s -> s.set(REFCOUNT_TABLE_OFFSET, s.get(L1_TABLE_OFFSET))),
        edited(
            "refcount-table-entry-reserved-bit",
            "a reserved bit in a refcount table entry",
            s -> s.setRefcountTableEntry(0, s.refcountTableEntry(0) | 4)),
        edited(
            "refcount-block-unaligned",
            "a refcount block off a cluster border",
            s -> s.setRefcountTableEntry(0, s.refcountTableEntry(0) + 512)),
        edited(
            "refcount-block-past-eof",
            "a refcount block behind the file",
            s -> s.setRefcountTableEntry(0, 1L << 30)),
        edited(
            "refcount-block-past-2-to-56",
            "a refcount block beyond host offsets",
            s -> s.setRefcountTableEntry(0, 1L << 60)),
        edited(
            "refcount-block-lost", "no refcount block at all", s -> s.setRefcountTableEntry(0, 0)),
        edited(
            "refcount-block-used-twice",
            "one refcount block in two table entries",
            s -> s.setRefcountTableEntry(1, s.refcountTableEntry(0))),
        edited(
            "refcount-block-extra-past-eof",
            "a second refcount block behind the file",
            s -> s.setRefcountTableEntry(1, 1L << 30)),
        edited(
            "refcount-block-is-data",
            "a data cluster read as refcount block",
            s -> s.setRefcountTableEntry(0, s.clusterOffset(DATA))),
        edited(
            "refcount-block-zeroed",
            "a refcount block of zeros",
            s -> s.write(s.refcountTableEntry(0), new byte[CS])));
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return DamagedBase.edited(name, meaning, edits);
  }

  private static Path withSnapshot(Workbench bench) {
    return bench.snapshot(DamagedBase.image(bench, ""), "frozen");
  }

  private static Path sharedCountedOnce(Workbench bench) {
    return bench.operate(withSnapshot(bench), s -> s.setRefcount(s.clusterOffset(DATA), 1));
  }

  private static Path copiedButShared(Workbench bench) {
    return bench.operate(
        withSnapshot(bench), s -> s.setL2Entry(DATA, s.l2Entry(DATA) | ImageSurgeon.COPIED));
  }

  private static void dirty(ImageSurgeon surgeon) {
    surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 0);
    surgeon.appendCluster();
  }
}
