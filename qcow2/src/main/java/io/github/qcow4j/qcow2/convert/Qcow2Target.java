package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.FreshImage;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A new qcow2 image, published when complete. */
class Qcow2Target implements ConvertTarget {

  private final FreshImage fresh;
  private final boolean inOrder;
  private final boolean overBacking;

  /**
   * @param fresh the image to fill
   * @param inOrder whether clusters are to be placed in the order of the disk, so that the result
   *     does not depend on the speed of threads
   * @param overBacking whether unallocated clusters show a backing file
   */
  Qcow2Target(FreshImage fresh, boolean inOrder, boolean overBacking) {
    this.fresh = fresh;
    this.inOrder = inOrder;
    this.overBacking = overBacking;
  }

  FreshImage fresh() {
    return fresh;
  }

  @Override
  public boolean readsAsZeros() {
    return !overBacking;
  }

  @Override
  public boolean overBacking() {
    return overBacking;
  }

  @Override
  public boolean inOrder() {
    return inOrder;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    fresh.image().write(guestOffset, data);
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    fresh.image().writeZeroes(guestOffset, lengthBytes, true);
  }

  @Override
  public void complete() throws IOException {
    fresh.publish();
  }

  @Override
  public void close() throws IOException {
    fresh.close();
  }

  /** The same with compressed clusters. */
  static final class Compressed extends Qcow2Target implements CompressingTarget {

    private final int level;

    Compressed(FreshImage fresh, boolean inOrder, boolean overBacking, int level) {
      super(fresh, inOrder, overBacking);
      this.level = level;
    }

    @Override
    public ClusterEncoder newEncoder() {
      return ClusterEncoder.of(fresh().image().header().compressionType(), level);
    }

    @Override
    public int clusterSize() {
      return fresh().image().header().clusterSize();
    }

    @Override
    public void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException {
      fresh().image().writeCompressed(guestOffset, stream);
    }
  }
}
