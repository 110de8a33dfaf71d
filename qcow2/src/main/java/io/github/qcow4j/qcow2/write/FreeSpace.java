package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;

/** Gives the storage of clusters that nothing refers to back to the file system. */
public final class FreeSpace {

  private FreeSpace() {}

  /**
   * Ends the file behind its last cluster in use, and makes holes of the free ones before. No crash
   * harms: what is free durably is free.
   *
   * @param writer the image's writer
   * @param header the image's header
   */
  public static void giveBack(ImageWriter writer, Qcow2Header header) throws IOException {
    writer.alone(tables -> giveBack(tables, header));
  }

  private static void giveBack(MutableTables tables, Qcow2Header header) throws IOException {
    BlockFile file = tables.file();
    if (file.kind() != FileKind.REGULAR) {
      return;
    }
    int bits = header.clusterBits();
    long end = (file.size() + header.clusterSize() - 1) >>> bits;
    long last = end;
    while (last > 0 && tables.refcounts().get(last - 1) == 0) {
      last--;
    }
    if (last < end) {
      file.truncate(last << bits);
    }
    long cluster = 0;
    while (cluster < last) {
      long first = cluster;
      while (cluster < last && tables.refcounts().get(cluster) == 0) {
        cluster++;
      }
      if (cluster > first) {
        // Where there are no holes the storage stays, which is all that it costs.
        boolean _ = file.punchHole(first << bits, (cluster - first) << bits);
      }
      cluster++;
    }
  }
}
