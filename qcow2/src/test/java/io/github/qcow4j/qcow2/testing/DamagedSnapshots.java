package io.github.qcow4j.qcow2.testing;

import static io.github.qcow4j.qcow2.testing.HeaderField.NB_SNAPSHOTS;
import static io.github.qcow4j.qcow2.testing.HeaderField.SNAPSHOTS_OFFSET;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Snapshot tables and the L1 tables they name, broken at every field. */
final class DamagedSnapshots {

  private static final int L1_SIZE = 8;
  private static final int ID_LENGTH = 12;
  private static final int NAME_LENGTH = 14;
  private static final int EXTRA_SIZE = 36;
  private static final int EXTRA = 40;

  private DamagedSnapshots() {}

  static List<ImageRecipe> recipes() {
    return List.of(
        DamagedBase.edited(
            "no-snapshots-offset-unaligned",
            "an unaligned snapshot table of no entries",
            s -> s.set(SNAPSHOTS_OFFSET, 777)),
        edited(
            "snapshots-65536",
            "as many snapshots as allowed, but one entry",
            s -> s.set(NB_SNAPSHOTS, 65_536)),
        edited("snapshots-65537", "one snapshot too many", s -> s.set(NB_SNAPSHOTS, 65_537)),
        edited(
            "snapshots-one-more",
            "one entry more than the table holds",
            s -> s.set(NB_SNAPSHOTS, 3)),
        edited(
            "snapshots-one-less",
            "one entry less than the table holds",
            s -> s.set(NB_SNAPSHOTS, 1)),
        edited(
            "snapshots-offset-unaligned",
            "a snapshot table off a cluster border",
            s -> s.set(SNAPSHOTS_OFFSET, s.get(SNAPSHOTS_OFFSET) + 8)),
        edited(
            "snapshots-offset-overflow",
            "a snapshot table at the end of the number range",
            s -> s.set(SNAPSHOTS_OFFSET, Long.MAX_VALUE / 65_536 * 65_536)),
        edited(
            "snapshots-past-eof",
            "a snapshot table behind the file",
            s -> s.set(SNAPSHOTS_OFFSET, 1L << 30)),
        edited(
            "snapshots-is-header",
            "the header read as snapshot table",
            s -> s.set(SNAPSHOTS_OFFSET, 0)),
        edited(
            "snapshots-garbage",
            "random bytes as snapshot table",
            s -> s.write(table(s), Workbench.randomBytes(4_096, 5))),
        edited(
            "snapshots-cut-by-eof",
            "a snapshot table that the file's end cuts",
            DamagedSnapshots::cut),
        edited(
            "snapshot-id-length-huge",
            "an id of 65535 bytes",
            s -> s.setNumber(table(s) + ID_LENGTH, 2, 0xffff)),
        edited(
            "snapshot-name-length-huge",
            "a name of 65535 bytes",
            s -> s.setNumber(table(s) + NAME_LENGTH, 2, 0xffff)),
        edited(
            "snapshot-extra-1024",
            "extra data of the longest length",
            s -> s.setNumber(table(s) + EXTRA_SIZE, 4, 1_024)),
        edited(
            "snapshot-extra-1025",
            "extra data one byte too long",
            s -> s.setNumber(table(s) + EXTRA_SIZE, 4, 1_025)),
        edited(
            "snapshot-extra-all-ones",
            "extra data of four gigabytes",
            s -> s.setNumber(table(s) + EXTRA_SIZE, 4, 0xffff_ffffL)),
        single(
            "v3-snapshot-without-extra-data",
            "a version 3 snapshot that records no disk size",
            s -> s.setNumber(table(s) + EXTRA_SIZE, 4, 0)),
        single(
            "v3-snapshot-with-8-extra-bytes",
            "a version 3 snapshot that records the VM state size only",
            s -> s.setNumber(table(s) + EXTRA_SIZE, 4, 8)),
        edited(
            "snapshot-l1-unaligned",
            "a snapshot's L1 table off a cluster border",
            s -> s.setNumber(table(s), s.number(table(s)) + 512)),
        edited(
            "snapshot-l1-past-eof",
            "a snapshot's L1 table behind the file",
            s -> s.setNumber(table(s), 1L << 30)),
        edited(
            "snapshot-l1-overflow",
            "a snapshot's L1 table at the end of the number range",
            s -> s.setNumber(table(s), Long.MAX_VALUE / 65_536 * 65_536)),
        edited(
            "snapshot-l1-at-limit",
            "a snapshot's L1 table of 32 MiB",
            s -> s.setNumber(table(s) + L1_SIZE, 4, 4_194_304)),
        edited(
            "snapshot-l1-past-limit",
            "a snapshot's L1 table one entry over 32 MiB",
            s -> s.setNumber(table(s) + L1_SIZE, 4, 4_194_305)),
        edited(
            "snapshot-l1-size-0",
            "a snapshot without L1 entries",
            s -> s.setNumber(table(s) + L1_SIZE, 4, 0)),
        edited(
            "snapshot-l1-reserved-bit",
            "a reserved bit in a snapshot's L1 entry",
            s -> s.setNumber(s.number(table(s)), s.number(s.number(table(s))) | 8)),
        edited(
            "snapshot-l2-unaligned",
            "a snapshot's L2 table off a cluster border",
            s -> s.setNumber(s.number(table(s)), s.number(s.number(table(s))) + 512)),
        edited(
            "snapshot-l2-past-eof",
            "a snapshot's L2 table behind the file",
            s -> s.setNumber(s.number(table(s)), 1L << 30)),
        edited(
            "snapshot-l1-is-active-l1",
            "a snapshot on the active L1 table",
            s -> s.setNumber(table(s), s.get(HeaderField.L1_TABLE_OFFSET))),
        edited(
            "snapshot-disk-size-huge",
            "a snapshot whose disk is bigger than its L1 table",
            s -> s.setNumber(table(s) + EXTRA + 8, 1L << 60)),
        edited(
            "snapshot-disk-size-negative",
            "a snapshot of 2 to the power of 63 bytes",
            s -> s.setNumber(table(s) + EXTRA + 8, 1L << 63)),
        edited(
            "snapshot-vm-state-huge",
            "a snapshot with a VM state of exabytes",
            s -> s.setNumber(table(s) + EXTRA, 1L << 62)),
        edited(
            "snapshot-id-empty",
            "a snapshot without an id",
            s -> s.setNumber(table(s) + ID_LENGTH, 2, 0)));
  }

  private static long table(ImageSurgeon surgeon) {
    return surgeon.get(SNAPSHOTS_OFFSET);
  }

  private static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(name, meaning, bench -> bench.operate(image(bench, 2), edits));
  }

  private static ImageRecipe single(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(name, meaning, bench -> bench.operate(image(bench, 1), edits));
  }

  private static Path image(Workbench bench, int snapshots) {
    Path image = DamagedBase.image(bench, "");
    for (int i = 0; i < snapshots; i++) {
      bench.snapshot(image, "state " + i);
      bench.write(image, "write -P 17 " + i * 64 + "k 64k");
    }
    return image;
  }

  /** Copies the table to the end of the file and cuts it inside its second entry. */
  private static void cut(ImageSurgeon surgeon) {
    byte[] entries = surgeon.read(table(surgeon), 4_096);
    long hostOffset = surgeon.appendCluster();
    surgeon.write(hostOffset, entries);
    surgeon.set(SNAPSHOTS_OFFSET, hostOffset);
    surgeon.truncate(hostOffset + 100);
  }
}
