package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/** Stores nothing, but remembers how long the compressed clusters are. */
final class SizingTarget implements CompressingTarget {

  private final ClusterPlan plan;
  private final ImageSpec spec;
  private final int level;

  /**
   * @param plan where to remember it
   * @param spec the image
   * @param level how hard to compress
   */
  SizingTarget(ClusterPlan plan, ImageSpec spec, int level) {
    this.plan = plan;
    this.spec = spec;
    this.level = level;
  }

  @Override
  public boolean readsAsZeros() {
    return backingBytes() == NO_BACKING;
  }

  @Override
  public long backingBytes() {
    return spec.backingName() == null ? NO_BACKING : UNKNOWN_BACKING;
  }

  @Override
  public boolean inOrder() {
    return false;
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

  @Override
  public void write(long guestOffset, ByteBuffer data) {
    plan.mark(guestOffset, data.remaining(), ClusterPlan.PLAIN);
    data.position(data.limit());
  }

  /** Version 2 cannot say that a cluster is zeros. */
  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) {
    plan.mark(guestOffset, lengthBytes, spec.version() < 3 ? ClusterPlan.PLAIN : ClusterPlan.ZERO);
  }

  @Override
  public void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams) {
    long position = guestOffset;
    while (lengths.hasRemaining()) {
      int length = lengths.get();
      if (length > 0) {
        plan.markPacked(position, length);
      }
      position += clusterSize();
    }
    streams.position(streams.limit());
  }

  @Override
  public void complete() {}

  @Override
  public void close() {}
}
