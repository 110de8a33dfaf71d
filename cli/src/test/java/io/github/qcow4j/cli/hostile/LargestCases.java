package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/** Limits that no field has by itself: what many entries, or a table's data, come to together. */
final class LargestCases {

  private static final int SNAPSHOTS = 65_536;
  private static final int ENTRY_BYTES = 1024;
  private static final int FIXED_BYTES = 40 + 16;
  private static final long TWO_TIB = 1L << 41;

  private LargestCases() {}

  /**
   * An image at a limit, or one past it.
   *
   * @param refusal what {@code info} says of the one past it, else empty
   * @param takesLong the commands that go through every byte of its disk, 2 TiB say, and are given
   *     a limit of time therefore
   */
  record Largest(HostileCase image, String refusal, Set<String> takesLong) {

    Largest(HostileCase image, String refusal) {
      this(image, refusal, Set.of());
    }

    boolean isRefused(String said) {
      return !refusal.isEmpty() && said.contains(refusal);
    }
  }

  static List<Largest> all() {
    return List.of(
        new Largest(manyBitmaps(), ""),
        new Largest(snapshotTable(0), ""),
        new Largest(snapshotTable(8), "Snapshot table is too big"),
        new Largest(
            bitmapData(0),
            "",
            Set.of("convert -O raw IMAGE -", "checksum --algorithm sha256 IMAGE")),
        new Largest(bitmapData(1), "doesn't satisfy the constraints"),
        new Largest(longestCompressedData(Ground.ZLIB, true), ""),
        new Largest(longestCompressedData(Ground.ZLIB, false), ""),
        new Largest(longestCompressedData(Ground.ZSTD, true), ""));
  }

  /**
   * Compressed data said to be twice as long as the cluster that it becomes, which is what its bits
   * can say; in a file that has as much, and in one that ends before.
   */
  private static HostileCase longestCompressedData(Ground ground, boolean there) {
    return new HostileCase(
        "compressed data of two clusters " + (there ? "" : "past the end"),
        ground,
        surgeon -> {
          long place = surgeon.l2EntryHostOffset(0);
          surgeon.setNumber(place, 8, surgeon.number(place) | 0xffL << 54);
          if (there) {
            long _ = surgeon.appendClusters(2);
          }
        });
  }

  /** Bitmaps, each with a table of its own, whose directory has 64 MiB. */
  static HostileCase manyBitmaps() {
    return new HostileCase("65535 bitmaps with long names", Ground.MANY_BITMAPS, surgeon -> {})
        .about(Part.BITMAPS);
  }

  /** As many snapshots as may be, whose entries have 64 MiB together and some bytes more. */
  static HostileCase snapshotTable(int more) {
    return new HostileCase(
            "a snapshot table of 64 MiB and " + more,
            Ground.FULL,
            surgeon -> {
              long emptyL1 = surgeon.appendClusters(1);
              int l1Entries = (int) surgeon.get(HeaderField.L1_SIZE);
              ByteBuffer table = ByteBuffer.allocate(SNAPSHOTS * ENTRY_BYTES + more);
              for (int i = 0; i < SNAPSHOTS; i++) {
                int names = ENTRY_BYTES - FIXED_BYTES + (i == SNAPSHOTS - 1 ? more : 0);
                table.position(i * ENTRY_BYTES).putLong(emptyL1).putInt(l1Entries);
                table
                    .putShort((short) (i == 0 ? 1 : 8))
                    .putShort((short) (names - (i == 0 ? 1 : 8)));
                table
                    .position(i * ENTRY_BYTES + 36)
                    .putInt(16)
                    .putLong(0)
                    .putLong(Ground.SIZE_BYTES);
                while (table.position() < i * ENTRY_BYTES + FIXED_BYTES + names) {
                  table.put((byte) ('a' + (table.position() + i) % 26));
                }
              }
              long place =
                  surgeon.appendClusters(table.capacity() / surgeon.clusterSizeBytes() + 1);
              surgeon.write(place, table.array());
              surgeon.set(HeaderField.SNAPSHOTS_OFFSET, place);
              surgeon.set(HeaderField.NB_SNAPSHOTS, SNAPSHOTS);
            })
        .about(Part.SNAPSHOTS);
  }

  /** A bitmap with a bit for each sector: of 2 TiB that is 512 MiB, in a table of no clusters. */
  private static HostileCase bitmapData(int moreClusters) {
    return new HostileCase(
            "bits of 512 MiB and " + moreClusters + " clusters",
            Ground.FULL,
            surgeon -> {
              int clusterSize = surgeon.clusterSizeBytes();
              long size = TWO_TIB + moreClusters * (clusterSize * 8L * 512);
              int entries = (int) (size / 512 / 8 / clusterSize);
              int l1Bytes = 2 * clusterSize;
              long l1 = surgeon.appendClusters(2);
              surgeon.write(
                  l1, surgeon.read(surgeon.get(HeaderField.L1_TABLE_OFFSET), clusterSize));
              surgeon.set(HeaderField.L1_TABLE_OFFSET, l1);
              surgeon.set(HeaderField.L1_SIZE, l1Bytes / Long.BYTES);
              surgeon.set(HeaderField.SIZE, size);
              long bitmaps = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
              long table = surgeon.appendClusters(entries * Long.BYTES / clusterSize + 1);
              long directory = surgeon.number(bitmaps + 16);
              surgeon.setNumber(directory, 8, table);
              surgeon.setNumber(directory + 8, 4, entries);
              surgeon.setNumber(directory + 17, 1, 9);
              surgeon.setNumber(bitmaps, 4, 1);
              surgeon.setNumber(bitmaps + 8, 8, 32);
            })
        .about(Part.BITMAPS);
  }
}
