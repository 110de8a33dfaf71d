package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Entry;
import java.io.IOException;
import java.util.List;

/**
 * Finds structures that do not stand alone: everything but L2 tables and guest data has one
 * reference, and an L2 table has one from each L1 table at most. For one thread.
 */
final class OverlapAudit {

  private final BlockFile file;
  private final Qcow2Header header;
  private final CheckTally tally;
  private final JobControl control;
  private final WalkLimit limit;

  OverlapAudit(
      BlockFile file, Qcow2Header header, CheckTally tally, JobControl control, WalkLimit limit) {
    this.file = file;
    this.header = header;
    this.tally = tally;
    this.control = control;
    this.limit = limit;
  }

  void run(References references, SnapshotAudit snapshots, List<Bitmap> bitmaps)
      throws IOException {
    MetadataPlaces places =
        new MetadataPlaces(header, snapshots.snapshots(), snapshots.tableBytes(), bitmaps);
    places.forEach((name, first, end) -> {
      control.checkpoint();
      long endInFile = Math.min(end, references.clusterCount());
      limit.walk(Math.max(0, endInFile - first) * Long.BYTES);
      for (long cluster = first; cluster < endInFile; cluster++) {
        report(name, references, cluster, 1);
      }
    });
    long[] l1 = TableEntries.entries(file, header.l1TableOffset(), header.l1Entries());
    for (long entry : l1) {
      long cluster = (entry & L2Entry.OFFSET_MASK) >>> header.clusterBits();
      if (cluster != 0 && cluster < references.clusterCount()) {
        report("L2 table", references, cluster, 1L + snapshots.snapshots().size());
      }
    }
  }

  private void report(String name, References references, long cluster, long allowed) {
    long count = references.counts().get(cluster);
    if (Long.compareUnsigned(count, allowed) > 0) {
      tally.report(new RefcountFinding.Overlap(name, cluster << header.clusterBits(), count));
    }
  }
}
