package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapTable;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.util.List;

/** Counts what bitmaps consist of: the directory, the tables, the clusters of bits. */
final class BitmapAudit {

  private BitmapAudit() {}

  /**
   * Counts all references of bitmaps.
   *
   * @throws IOException when a bitmap table cannot be read, or its entries are none
   */
  static void walk(
      BlockFile file,
      Qcow2Header header,
      List<Bitmap> bitmaps,
      References references,
      JobControl control,
      WalkLimit limit)
      throws IOException {
    BitmapsExtension extension = header.extensions().bitmaps();
    if (extension == null) {
      return;
    }
    references.count(extension.directoryOffset(), extension.directoryBytes());
    for (Bitmap bitmap : bitmaps) {
      control.checkpoint();
      references.count(
          bitmap.tableOffset(), Integer.toUnsignedLong(bitmap.tableEntries()) * Long.BYTES);
      BitmapTable table = BitmapTable.load(file, header, bitmap);
      limit.walk((long) table.size() * Long.BYTES);
      for (int i = 0; i < table.size(); i++) {
        if (table.hostOffset(i) != 0) {
          references.count(table.hostOffset(i), header.clusterSize());
        }
      }
    }
  }
}
