package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.DamagedBase.COMPRESSED;
import static io.github.qcow4j.qcow2.testing.DamagedBase.DATA;
import static io.github.qcow4j.qcow2.testing.DamagedBase.LAST_DATA;

import java.util.List;
import java.util.function.ToLongFunction;

/** Files that end too early, at every border that matters. */
final class DamagedFiles {

  private static final int CS = DamagedBase.CLUSTER_BYTES;

  private DamagedFiles() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        cut("cut-to-0", "an empty file", s -> 0),
        cut("cut-in-magic", "a file of three bytes", s -> 3),
        cut("cut-after-magic", "a file of magic and version", s -> 8),
        cut("cut-in-version-2-header", "a file that ends inside the oldest header", s -> 71),
        cut("cut-after-version-2-header", "a file that ends with the oldest header", s -> 72),
        cut("cut-in-version-3-header", "a file that ends inside the header", s -> 103),
        cut(
            "cut-before-compression-type",
            "a file that ends before the compression type",
            s -> 104),
        cut("cut-after-header", "a file that ends with the header", s -> 112),
        cut("cut-in-extension", "a file that ends inside an extension", s -> 200),
        cut("cut-after-sector", "a file of one sector", s -> 512),
        cut("cut-before-refcount-table", "a file of the header cluster alone", s -> CS),
        cut(
            "cut-in-refcount-table",
            "a file that ends inside the refcount table's first entry",
            s -> CS + 4),
        cut(
            "cut-before-refcount-block",
            "a file that ends before the refcount block",
            s -> s.refcountTableEntry(0)),
        cut(
            "cut-in-refcount-block",
            "a file that ends inside the refcount block",
            s -> s.refcountTableEntry(0) + 6),
        cut(
            "cut-before-l1",
            "a file that ends before the L1 table",
            s -> s.get(HeaderField.L1_TABLE_OFFSET)),
        cut(
            "cut-in-l1",
            "a file that ends inside the only L1 entry",
            s -> s.get(HeaderField.L1_TABLE_OFFSET) + 4),
        cut(
            "cut-after-l1",
            "a file that ends with the L1 table",
            s -> s.get(HeaderField.L1_TABLE_OFFSET) + 8),
        cut("cut-before-l2", "a file that ends before the L2 table", s -> s.l2TableOffset(DATA)),
        cut("cut-in-l2", "a file that ends inside an L2 entry", s -> s.l2TableOffset(DATA) + 12),
        cut(
            "cut-before-data",
            "a file that ends before the first data cluster",
            s -> s.clusterOffset(DATA)),
        cut(
            "cut-in-data",
            "a file that ends inside the first data cluster",
            s -> s.clusterOffset(DATA) + 1_000),
        cut(
            "cut-before-stream",
            "a file that ends before the compressed cluster",
            s -> s.compressedEntry(COMPRESSED).hostOffset()),
        cut(
            "cut-in-stream",
            "a file that ends inside the compressed cluster",
            s -> s.compressedEntry(COMPRESSED).hostOffset() + 999),
        cut(
            "cut-before-last-data",
            "a file that ends before the last data cluster",
            s -> s.clusterOffset(LAST_DATA)),
        cut("cut-last-byte", "a file without its last byte", s -> s.lengthBytes() - 1));
  }

  private static ImageRecipe cut(String name, String meaning, ToLongFunction<ImageSurgeon> length) {
    return DamagedBase.edited(
        name, meaning, surgeon -> surgeon.truncate(length.applyAsLong(surgeon)));
  }
}
