package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.write.ImageWriter;
import io.github.qcow4j.qcow2.write.SnapshotTableRewrite;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Puts a snapshot table right: entries beyond the limits go, and a new table, beside the old one,
 * completes the others. For one thread.
 */
final class SnapshotTableRepair {

  private final BlockFile file;
  private final RepairScope scope;
  private final CheckTally tally;
  private Qcow2Header header;
  private SnapshotAudit audit;
  private long entriesToRewrite;

  SnapshotTableRepair(BlockFile file, Qcow2Header header, RepairScope scope, CheckTally tally) {
    this.file = file;
    this.header = header;
    this.scope = scope;
    this.tally = tally;
    this.audit = new SnapshotAudit(file, header, tally);
  }

  /** Reads the table; entries beyond the limits are struck off, durable on return. */
  SnapshotAudit read() throws IOException {
    if (scope != RepairScope.ALL) {
      audit.readTable();
      return audit;
    }
    long count = Integer.toUnsignedLong(header.snapshotCount());
    long kept = count;
    if (count > FormatLimits.MAX_SNAPSHOTS) {
      kept = FormatLimits.MAX_SNAPSHOTS;
      tally.report(new RepairFinding.SnapshotsDiscarded(count - kept, false));
    }
    audit = new SnapshotAudit(file, header.withSnapshotCount((int) kept), tally);
    entriesToRewrite = audit.readTableForRepair();
    if (audit.snapshots().size() < count) {
      file.write(
          ByteBuffer.allocate(Integer.BYTES).putInt(0, audit.snapshots().size()),
          HeaderField.SNAPSHOT_COUNT);
      file.sync();
    }
    header = HeaderParser.parse(file, true);
    return audit;
  }

  /** The header as it is after reading. */
  Qcow2Header header() {
    return header;
  }

  /**
   * Writes the table anew where entries were completed or cut; durable on return.
   *
   * @param sound whether the image is sound otherwise, so that clusters for it can be found
   */
  void rewrite(boolean sound, List<Bitmap> bitmaps) throws IOException {
    if (entriesToRewrite == 0 || audit.snapshots().isEmpty()) {
      return;
    }
    if (!sound) {
      tally.revoke(entriesToRewrite);
      return;
    }
    header = HeaderParser.parse(file, true);
    List<InternalSnapshot> old = audit.snapshots();
    ImageWriter writer =
        new WriterOpener(file, header, old, bitmaps).openForRepair(audit.tableBytes());
    new SnapshotTableRewrite(writer, header, audit.tableBytes())
        .apply(old.stream().map(each -> each.complete(header.virtualSize())).toList());
    header = HeaderParser.parse(file, true);
  }
}
