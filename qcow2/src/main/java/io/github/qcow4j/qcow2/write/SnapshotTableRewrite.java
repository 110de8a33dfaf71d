package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes the snapshot table anew beside the old one, and makes it the valid one by one write of the
 * header: durable on return. A crash leaves the old table or the new one, and a few leaked clusters
 * at the worst.
 */
public final class SnapshotTableRewrite {

  private final ImageWriter writer;
  private final Qcow2Header header;
  private final long oldTableBytes;

  /**
   * Prepares a change; one change is made with it.
   *
   * @param writer the image's writer, of no more use afterwards
   * @param header the image's header
   * @param oldTableBytes the length of the table in use
   */
  public SnapshotTableRewrite(ImageWriter writer, Qcow2Header header, long oldTableBytes) {
    this.writer = writer;
    this.header = header;
    this.oldTableBytes = oldTableBytes;
  }

  /**
   * Makes the change; the snapshots keep their L1 tables.
   *
   * @param snapshots at least one
   */
  public void apply(List<InternalSnapshot> snapshots) throws IOException {
    writer.changeAlone((tables, order) -> apply(snapshots, tables, order));
  }

  private void apply(List<InternalSnapshot> snapshots, MutableTables tables, WriteOrder order)
      throws IOException {
    ByteBuffer encoded = SnapshotTable.encode(tables.file().path(), snapshots);
    Run home = tables.allocator().allocateContiguous(clusters(encoded.remaining()));
    long hostOffset = home.firstCluster() << header.clusterBits();
    tables.file().write(encoded, hostOffset);
    order.flushAll(() -> true);
    tables.file().sync();
    ByteBuffer fields = ByteBuffer.allocate(Integer.BYTES + Long.BYTES);
    fields.putInt(snapshots.size()).putLong(hostOffset).flip();
    tables.file().write(fields, HeaderField.SNAPSHOT_COUNT);
    tables.file().sync();
    tables
        .allocator()
        .freeLater(header.snapshotsOffset() >>> header.clusterBits(), clusters(oldTableBytes));
    order.flushAll(() -> true);
  }

  private long clusters(long bytes) {
    return (bytes + header.clusterSize() - 1) >>> header.clusterBits();
  }
}
