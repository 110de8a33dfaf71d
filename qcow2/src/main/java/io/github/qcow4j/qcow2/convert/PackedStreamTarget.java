package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/**
 * The compressed clusters of a streamed image, packed one behind the other at the places that the
 * tables before them name. What does not come out as long as it was planned cannot be stored any
 * more: the source changed meanwhile.
 */
final class PackedStreamTarget implements CompressingTarget {

  private final StreamSink sink;
  private final ClusterPlan plan;
  private final ImageSpec spec;
  private final int level;
  private final Packing packing;
  private final long start;
  private long nextCluster;

  /**
   * @param sink where to, which stands at the first packed cluster
   * @param plan which clusters are compressed
   * @param spec the image
   * @param level how hard to compress
   */
  PackedStreamTarget(StreamSink sink, ClusterPlan plan, ImageSpec spec, int level) {
    this.sink = sink;
    this.plan = plan;
    this.spec = spec;
    this.level = level;
    this.packing = new Packing(spec.clusterBits(), spec.refcountOrder());
    this.start = sink.position();
    this.nextCluster = plan.next(0, true, true);
  }

  @Override
  public boolean readsAsZeros() {
    return true;
  }

  @Override
  public boolean inOrder() {
    return true;
  }

  @Override
  public ClusterEncoder newEncoder() throws IOException {
    return ClusterEncoder.of(spec.compressionType(), level);
  }

  @Override
  public int clusterSize() {
    return 1 << spec.clusterBits();
  }

  @Override
  public long virtualSize() {
    return spec.sizeBytes();
  }

  /** Not compressed this time; {@link #complete} and the next stream notice. */
  @Override
  public void write(long guestOffset, ByteBuffer data) {
    data.position(data.limit());
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) {}

  @Override
  public void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams)
      throws IOException {
    long cluster = guestOffset >>> spec.clusterBits();
    int end = streams.position();
    while (lengths.hasRemaining()) {
      int length = lengths.get();
      if (length > 0) {
        requirePlanned(cluster, length);
        long place = start + packing.place(length);
        if (place != sink.position() + end - streams.position()) {
          writeUpTo(end, streams);
          sink.padTo(place);
        }
        end += length;
      }
      cluster++;
    }
    writeUpTo(end, streams);
  }

  private void requirePlanned(long cluster, int length) throws IOException {
    if (cluster != nextCluster || plan.state(cluster) != length) {
      throw changed();
    }
    nextCluster = plan.next(cluster + 1, true, true);
  }

  private void writeUpTo(int end, ByteBuffer streams) throws IOException {
    sink.write(streams.slice(streams.position(), end - streams.position()));
    streams.position(end);
  }

  @Override
  public void complete() throws IOException {
    if (nextCluster << spec.clusterBits() < spec.sizeBytes()) {
      throw changed();
    }
    sink.padTo(start + packing.sectorEnd());
  }

  private static IOException changed() {
    return new IOException("A source changed while it was read");
  }

  @Override
  public void close() {}
}
