package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.FreshImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * A new qcow2 image that began as a copy of a layer's file. Storage that it turns out not to need
 * is given back before anybody can find it: what the layer held there is nobody's to see.
 */
final class SharingTarget extends Qcow2Target {

  private final int heldDepth;
  private final Publication publication;

  private static final class Publication implements Ending {

    private final FreshImage fresh;
    private volatile boolean changed;

    Publication(FreshImage fresh) {
      this.fresh = fresh;
    }

    @Override
    public void complete() throws IOException {
      if (changed && !fresh.giveBackFreeSpace()) {
        throw new IOException(
            "what layers below hold and the disk does not show cannot be taken out: no holes here");
      }
      fresh.publish();
    }

    @Override
    public void close() throws IOException {
      fresh.close();
    }
  }

  /**
   * @param fresh the image; the target's from now on
   * @param heldDepth see {@link ConvertTarget#heldDepth}
   */
  SharingTarget(FreshImage fresh, int heldDepth) {
    this(fresh, heldDepth, new Publication(fresh));
  }

  private SharingTarget(FreshImage fresh, int heldDepth, Publication publication) {
    super(fresh.image(), publication, new Traits(false, true, NO_BACKING));
    this.heldDepth = heldDepth;
    this.publication = publication;
  }

  /** How data came that was there from the beginning. */
  CopyResult shared() {
    return CopyResult.of(CopyMethod.REFLINK, publication.fresh.sharedBytes());
  }

  @Override
  public int heldDepth() {
    return heldDepth;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    publication.changed = true;
    super.write(guestOffset, data);
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    publication.changed = true;
    return super.copyFrom(guestOffset, source, sourceOffset, lengthBytes, ways);
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    publication.changed = true;
    super.writeZeroes(guestOffset, lengthBytes);
  }
}
