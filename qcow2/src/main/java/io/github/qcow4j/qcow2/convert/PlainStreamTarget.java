package io.github.qcow4j.qcow2.convert;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The plain clusters of a streamed image, one behind the other. */
final class PlainStreamTarget implements ConvertTarget {

  private final StreamSink sink;
  private final ClusterPlan plan;
  private final int clusterBits;
  private final long end;

  /**
   * @param sink where to, which stands at the first plain cluster
   * @param plan which clusters are plain
   * @param clusterBits binary logarithm of the cluster size
   */
  PlainStreamTarget(StreamSink sink, ClusterPlan plan, int clusterBits) {
    this.sink = sink;
    this.plan = plan;
    this.clusterBits = clusterBits;
    this.end = sink.position() + (plan.plainClusters() << clusterBits);
  }

  @Override
  public boolean readsAsZeros() {
    return false;
  }

  @Override
  public boolean inOrder() {
    return true;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    sink.write(data);
  }

  /** Zeros in planned clusters have to be there; all others are not even planned. */
  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    if (plan.state(guestOffset >>> clusterBits) == ClusterPlan.PLAIN) {
      sink.padTo(sink.position() + lengthBytes);
    }
  }

  /** The disk's last cluster is filled up. */
  @Override
  public void complete() throws IOException {
    sink.padTo(end);
  }

  @Override
  public void close() {}
}
