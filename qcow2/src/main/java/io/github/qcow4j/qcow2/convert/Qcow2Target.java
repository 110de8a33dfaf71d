package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A qcow2 image that is written through its tables: a new one, or one that there was before. */
class Qcow2Target implements ConvertTarget {

  private final Qcow2Image image;
  private final Ending ending;
  private final Traits traits;
  private final EarlyWriteback writeback;
  private @Nullable BitmapStep bitmapStep;

  /** What is done to the image when all is written, and before it is published. */
  @FunctionalInterface
  interface BitmapStep {
    void run(Qcow2Image image) throws IOException;
  }

  /** How the writing ends. */
  interface Ending extends Closeable {

    /** Makes the image durable, and visible if it was not. */
    void complete() throws IOException;
  }

  /**
   * What a conversion has to know.
   *
   * @param readsAsZeros whether unwritten clusters read as zeros
   * @param inOrder whether clusters are to be placed in the order of the disk, so that the result
   *     does not depend on the speed of threads
   * @param backingBytes size of the backing file that unallocated clusters show, see {@link
   *     ConvertTarget#backingBytes}
   */
  record Traits(boolean readsAsZeros, boolean inOrder, long backingBytes) {}

  Qcow2Target(Qcow2Image image, Ending ending, Traits traits) {
    this.image = image;
    this.ending = ending;
    this.traits = traits;
    this.writeback = new EarlyWriteback(image.dataFile());
  }

  void beforeCompletion(BitmapStep step) {
    bitmapStep = step;
  }

  @Override
  public boolean readsAsZeros() {
    return traits.readsAsZeros;
  }

  @Override
  public long backingBytes() {
    return traits.backingBytes;
  }

  @Override
  public boolean inOrder() {
    return traits.inOrder;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    int bytes = data.remaining();
    image.write(guestOffset, data);
    writeback.wrote(bytes);
  }

  @Override
  public int copyUnitBytes() {
    return image.copyUnitBytes();
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    CopyResult copied = image.copyFrom(guestOffset, source, sourceOffset, lengthBytes, ways);
    writeback.wrote(copied.totalBytes() - copied.reflinkBytes());
    return copied;
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    image.writeZeroes(guestOffset, lengthBytes, true);
  }

  @Override
  public void prepareCompletion() throws IOException {
    if (bitmapStep != null) {
      bitmapStep.run(image);
    }
  }

  @Override
  public void complete() throws IOException {
    ending.complete();
  }

  @Override
  public void close() throws IOException {
    ending.close();
  }

  /** The same with compressed clusters. */
  static final class Compressed extends Qcow2Target implements CompressingTarget {

    private final Qcow2Image image;
    private final int level;

    Compressed(Qcow2Image image, Ending ending, Traits traits, int level) {
      super(image, ending, traits);
      this.image = image;
      this.level = level;
    }

    @Override
    public int copyUnitBytes() {
      return 0;
    }

    @Override
    public ClusterEncoder newEncoder() throws IOException {
      return ClusterEncoder.of(image.header().compressionType(), level);
    }

    @Override
    public int clusterSize() {
      return image.header().clusterSize();
    }

    @Override
    public long virtualSize() {
      return image.virtualSize();
    }

    @Override
    public void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams)
        throws IOException {
      int bytes = streams.remaining();
      image.writeCompressed(guestOffset, lengths, streams);
      super.writeback.wrote(bytes);
    }
  }
}
