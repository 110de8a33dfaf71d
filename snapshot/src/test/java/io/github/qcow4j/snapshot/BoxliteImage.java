package io.github.qcow4j.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Images as BoxLite's own flattening writes them: header, L1 table, a place for an L2 table for
 * every L1 entry whether it is used or not, data clusters in the order of the disk, refcount table
 * and blocks. Nowhere is a copied flag set.
 */
public final class BoxliteImage {

  private static final int CLUSTER_BITS = 16;
  private static final int CLUSTER = 1 << CLUSTER_BITS;
  private static final int ENTRIES = CLUSTER / Long.BYTES;

  private BoxliteImage() {}

  /**
   * Writes an image.
   *
   * @param fills what byte fills which guest cluster; the others are zero
   */
  public static Path write(Path path, long virtualSize, Map<Integer, Integer> fills)
      throws IOException {
    int l1Entries = (int) ((virtualSize / CLUSTER + ENTRIES - 1) / ENTRIES);
    int firstData = 2 + l1Entries;
    int refcountTable = firstData + fills.size();
    ByteBuffer file = ByteBuffer.allocate((refcountTable + 2) * CLUSTER);
    header(file, virtualSize, l1Entries, refcountTable);
    count(file, refcountTable, 0);
    count(file, refcountTable, 1);
    int next = firstData;
    for (var fill : new TreeMap<>(fills).entrySet()) {
      int l1Index = fill.getKey() / ENTRIES;
      int l2Table = 2 + l1Index;
      file.putLong(CLUSTER + l1Index * Long.BYTES, (long) l2Table << CLUSTER_BITS);
      file.putLong(
          l2Table * CLUSTER + fill.getKey() % ENTRIES * Long.BYTES, (long) next << CLUSTER_BITS);
      int start = next * CLUSTER;
      Arrays.fill(file.array(), start, start + CLUSTER, fill.getValue().byteValue());
      count(file, refcountTable, l2Table);
      count(file, refcountTable, next);
      next++;
    }
    file.putLong(refcountTable * CLUSTER, (long) (refcountTable + 1) << CLUSTER_BITS);
    count(file, refcountTable, refcountTable);
    count(file, refcountTable, refcountTable + 1);
    return Files.write(path, file.array());
  }

  private static void header(ByteBuffer file, long virtualSize, int l1Entries, int refcountTable) {
    file.putInt(0, 0x514649fb).putInt(4, 3).putInt(20, CLUSTER_BITS).putLong(24, virtualSize);
    file.putInt(36, l1Entries).putLong(40, CLUSTER);
    file.putLong(48, (long) refcountTable << CLUSTER_BITS).putInt(56, 1);
    file.putInt(96, 4).putInt(100, 104);
  }

  private static void count(ByteBuffer file, int refcountTable, int cluster) {
    file.putShort((refcountTable + 1) * CLUSTER + cluster * Short.BYTES, (short) 1);
  }
}
