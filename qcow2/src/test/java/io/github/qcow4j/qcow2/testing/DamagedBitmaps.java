package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.HeaderExtensions.BITMAPS;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** The bitmaps extension, its directory and its tables, broken at every field. */
final class DamagedBitmaps {

  private static final int COUNT = 0;
  private static final int RESERVED = 4;
  private static final int DIRECTORY_SIZE = 8;
  private static final int DIRECTORY_OFFSET = 16;
  private static final int TABLE_SIZE = 8;
  private static final int FLAGS = 12;
  private static final int TYPE = 16;
  private static final int GRANULARITY = 17;
  private static final int NAME_SIZE = 18;
  private static final int EXTRA_SIZE = 20;

  private DamagedBitmaps() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        DamagedBase.edited(
            "bitmaps-bit-alone",
            "the bitmaps bit without its extension",
            s -> s.setFeatureBit(HeaderField.AUTOCLEAR_FEATURES, 0)),
        edited(
            "bitmaps-extension-short",
            "a bitmaps extension of 16 bytes",
            s -> s.extensions().replace(BITMAPS, s.read(extension(s), 16))),
        edited(
            "bitmaps-extension-reserved",
            "the reserved field of the bitmaps extension in use",
            s -> s.setNumber(extension(s) + RESERVED, 4, 1)),
        edited(
            "bitmaps-count-0",
            "a bitmaps extension for no bitmaps",
            s -> s.setNumber(extension(s) + COUNT, 4, 0)),
        edited(
            "bitmaps-count-65536",
            "one bitmap too many",
            s -> s.setNumber(extension(s) + COUNT, 4, 65_536)),
        edited(
            "bitmaps-count-one-more",
            "one bitmap more than the directory holds",
            s -> s.setNumber(extension(s) + COUNT, 4, 3)),
        edited(
            "bitmaps-count-one-less",
            "one bitmap less than the directory holds",
            s -> s.setNumber(extension(s) + COUNT, 4, 1)),
        edited(
            "bitmaps-directory-unaligned",
            "a bitmap directory off a cluster border",
            s -> s.setNumber(extension(s) + DIRECTORY_OFFSET, directory(s) + 8)),
        edited(
            "bitmaps-directory-past-eof",
            "a bitmap directory behind the file",
            s -> s.setNumber(extension(s) + DIRECTORY_OFFSET, 1L << 30)),
        edited(
            "bitmaps-directory-size-0",
            "a bitmap directory of no bytes",
            s -> s.setNumber(extension(s) + DIRECTORY_SIZE, 0)),
        edited(
            "bitmaps-directory-too-short",
            "a bitmap directory that ends inside an entry",
            s ->
                s.setNumber(
                    extension(s) + DIRECTORY_SIZE, s.number(extension(s) + DIRECTORY_SIZE) - 8)),
        edited(
            "bitmaps-directory-too-long",
            "a bitmap directory longer than its entries",
            s ->
                s.setNumber(
                    extension(s) + DIRECTORY_SIZE, s.number(extension(s) + DIRECTORY_SIZE) + 8)),
        edited(
            "bitmaps-directory-huge",
            "a bitmap directory over its limit",
            s -> s.setNumber(extension(s) + DIRECTORY_SIZE, 1_024L * 65_535 + 1)),
        edited(
            "bitmap-table-unaligned",
            "a bitmap table off a cluster border",
            s -> s.setNumber(directory(s), s.number(directory(s)) + 8)),
        edited(
            "bitmap-table-offset-0", "a bitmap without a table", s -> s.setNumber(directory(s), 0)),
        edited(
            "bitmap-table-past-eof",
            "a bitmap table behind the file",
            s -> s.setNumber(directory(s), 1L << 30)),
        edited(
            "bitmap-table-size-0",
            "a bitmap table without entries",
            s -> s.setNumber(directory(s) + TABLE_SIZE, 4, 0)),
        edited(
            "bitmap-table-size-2",
            "a bitmap table with more entries than needed",
            s -> s.setNumber(directory(s) + TABLE_SIZE, 4, 2)),
        edited(
            "bitmap-table-size-huge",
            "a bitmap table over its limit",
            s -> s.setNumber(directory(s) + TABLE_SIZE, 4, 0x800_0001L)),
        edited(
            "bitmap-flags-unknown",
            "an unknown bitmap flag",
            s -> s.setNumber(directory(s) + FLAGS, 4, 8)),
        edited(
            "bitmap-type-2", "an unknown bitmap type", s -> s.setNumber(directory(s) + TYPE, 1, 2)),
        edited(
            "bitmap-granularity-8",
            "a granularity below a sector",
            s -> s.setNumber(directory(s) + GRANULARITY, 1, 8)),
        edited(
            "bitmap-granularity-32",
            "a granularity above its limit",
            s -> s.setNumber(directory(s) + GRANULARITY, 1, 32)),
        edited(
            "bitmap-granularity-other",
            "a granularity that needs another table size",
            s -> s.setNumber(directory(s) + GRANULARITY, 1, 31)),
        edited(
            "bitmap-name-size-0",
            "a bitmap without a name",
            s -> s.setNumber(directory(s) + NAME_SIZE, 2, 0)),
        edited(
            "bitmap-name-size-1024",
            "a bitmap name one byte too long",
            s -> s.setNumber(directory(s) + NAME_SIZE, 2, 1_024)),
        edited(
            "bitmap-extra-data",
            "a bitmap with extra data",
            s -> s.setNumber(directory(s) + EXTRA_SIZE, 4, 8)),
        edited("bitmap-names-equal", "two bitmaps of one name", DamagedBitmaps::sameName),
        edited(
            "bitmap-table-entry-reserved",
            "a reserved bit in a bitmap table entry",
            s -> s.setNumber(s.number(directory(s)), 16)),
        edited(
            "bitmap-data-past-eof",
            "bitmap data behind the file",
            s -> s.setNumber(s.number(directory(s)), 1L << 30)),
        edited(
            "bitmap-data-and-ones-flag",
            "bitmap data with the all-ones flag",
            s -> s.setNumber(s.number(directory(s)), s.get(HeaderField.L1_TABLE_OFFSET) | 1)),
        edited(
            "bitmap-data-is-l1",
            "bitmap data on the L1 table",
            s -> s.setNumber(s.number(directory(s)), s.get(HeaderField.L1_TABLE_OFFSET))));
  }

  private static long extension(ImageSurgeon surgeon) {
    return surgeon.extensions().contentOffset(BITMAPS);
  }

  /** Host offset of the directory, and of its first entry. */
  private static long directory(ImageSurgeon surgeon) {
    return surgeon.number(extension(surgeon) + DIRECTORY_OFFSET);
  }

  private static void sameName(ImageSurgeon surgeon) {
    long second =
        directory(surgeon) + (24 + surgeon.number(directory(surgeon) + NAME_SIZE, 2) + 7) / 8 * 8;
    surgeon.write(second + 24, surgeon.read(directory(surgeon) + 24, 5));
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(name, meaning, bench -> bench.operate(image(bench), edits));
  }

  private static Path image(Workbench bench) {
    Path image = DamagedBase.image(bench, "");
    for (String name : List.of("alpha", "gamma")) {
      bench.qemu().img("bitmap", "--add", image.toString(), name).orFail();
    }
    return bench.write(image, "write -P 9 600k 100k");
  }
}
