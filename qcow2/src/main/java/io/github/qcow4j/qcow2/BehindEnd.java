package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Changes guest clusters behind the disk's end, as far as its L1 table reaches: what a size that
 * the header does not say yet is going to show.
 */
final class BehindEnd {

  private final Qcow2Header header;
  private final ImageWriter writer;
  private final ImageWriter.OldContent old;

  BehindEnd(Qcow2Header header, ImageWriter writer, ImageWriter.OldContent old) {
    this.header = header;
    this.writer = writer;
    this.old = old;
  }

  /**
   * Makes a range zeros; it may begin within the disk. What follows its end in the same cluster has
   * to be zeros already, or of no disk: so that whole cluster may be zeros without storage.
   *
   * @param backingBytes as far as a backing file shows through; 0 without one
   * @param control stops the work
   */
  void zero(long guestOffset, long lengthBytes, long backingBytes, JobControl control)
      throws IOException {
    long position = guestOffset;
    long end = guestOffset + lengthBytes;
    long tablesEnd = (end + header.clusterSize() - 1) & -header.clusterSize();
    while (position < end) {
      control.checkpoint();
      // Behind the disk's end there may be subclusters of either kind, whatever is before it.
      Mapping mapping = writer.map(position, end - position);
      long done = mapping.lengthBytes();
      if (!isZeros(mapping, position, backingBytes)) {
        done = writer.zeroByTables(position, tablesEnd - position, true);
      }
      if (done == 0) {
        done =
            Math.min(mapping.lengthBytes(), Math.min(BlockFile.CALL_BYTES, clusterRest(position)));
        writer.write(position, ByteBuffer.allocate((int) done), old);
      }
      position += done;
    }
  }

  /**
   * Makes clusters unallocated, as far as there are tables: guest state of a snapshot that was
   * applied may stand there, or what another program left.
   *
   * @param from where to begin, at a cluster
   * @param end where to end, at a cluster
   * @param control stops the work
   */
  void drop(long from, long end, JobControl control) throws IOException {
    long position = from;
    long tablesEnd = Math.min(end, (long) header.l1Entries() << header.l2CoverageBits());
    while (position < tablesEnd) {
      Mapping mapping = writer.map(position, tablesEnd - position);
      if (mapping instanceof Mapping.Unallocated) {
        position += mapping.lengthBytes();
      } else {
        control.checkpoint();
        // What is unallocated may end within a cluster; tables are changed by whole ones.
        long cluster = position & -header.clusterSize();
        position = cluster + writer.dropByTables(cluster, tablesEnd - cluster);
      }
    }
  }

  /** Tables say nothing of what a raw data file holds where they have no data. */
  private boolean isZeros(Mapping mapping, long guestOffset, long backingBytes) {
    boolean shows =
        mapping instanceof Mapping.Zero
            || (mapping instanceof Mapping.Unallocated && guestOffset >= backingBytes);
    return shows && !header.has(Feature.RAW_EXTERNAL_DATA);
  }

  /**
   * Gives clusters their places.
   *
   * @param from where to begin, at a cluster
   * @param end where to end, at a cluster
   * @param storage makes their places zeros
   */
  void preallocate(long from, long end, ImageWriter.ZeroStorage storage) throws IOException {
    long position = from;
    while (position < end) {
      long tableEnd = ((position >>> header.l2CoverageBits()) + 1) << header.l2CoverageBits();
      long part = Math.min(end, tableEnd) - position;
      writer.preallocate(position, part, storage);
      position += part;
    }
  }

  private long clusterRest(long guestOffset) {
    return header.clusterSize() - (guestOffset & (header.clusterSize() - 1));
  }
}
