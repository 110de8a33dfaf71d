package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.check.FileUse;
import io.github.qcow4j.qcow2.cluster.DecoderPool;
import io.github.qcow4j.qcow2.create.CreatedFile;
import io.github.qcow4j.qcow2.create.FreshDataFile;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderWriter;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.table.TableRepeats;
import io.github.qcow4j.qcow2.write.FreeSpace;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A new qcow2 image that nobody can find yet: it is filled through {@link #image()} and appears
 * under its name, whole and durable, with {@link #publish()}. Until then an existing file of that
 * name stays as it is, locked. Closed without publication, it leaves nothing behind.
 */
public final class FreshImage implements Closeable {

  private final CreatedFile file;
  private final @Nullable CreatedFile dataFile;
  private final Qcow2Image image;
  private final long sharedBytes;

  private FreshImage(CreatedFile file, @Nullable CreatedFile dataFile, Qcow2Image image) {
    this(file, dataFile, image, 0);
  }

  private FreshImage(
      CreatedFile file, @Nullable CreatedFile dataFile, Qcow2Image image, long sharedBytes) {
    this.file = file;
    this.dataFile = dataFile;
    this.image = image;
    this.sharedBytes = sharedBytes;
  }

  /**
   * Begins a new image.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what to create
   * @param backing what its unallocated clusters show while it is filled, or null; stays the
   *     caller's
   * @param control stops preallocation
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the disk is too large for its
   *     clusters, or the chain for being opened; nothing is created then
   */
  public static FreshImage create(
      Volume volume, Path path, ImageSpec spec, @Nullable DiskImage backing, JobControl control)
      throws IOException {
    ChainRoom.of(backing).plus(spec.l1Entries()).require(path);
    CreatedFile file = CreatedFile.open(volume, path);
    CreatedFile dataFile = null;
    try {
      dataFile = FreshDataFile.open(volume, spec, control);
      return new FreshImage(
          file,
          dataFile,
          fill(file.file(), spec, dataFile == null ? null : dataFile.file(), backing, control));
    } catch (IOException | RuntimeException e) {
      ChainOpener.close(file, e);
      if (dataFile != null) {
        ChainOpener.close(dataFile, e);
      }
      throw e;
    }
  }

  /**
   * Begins an image that is to take the place of one that is open for writing: over the same
   * backing file, and with whatever of the old header nobody here understands. The old image's lock
   * keeps others out; the old image is to be closed after publication. What was written to it and
   * waits in memory is made durable first.
   *
   * @param volume where the old image's name is looked up
   * @param old the image, without an external data file; nothing may be under way on it
   * @param spec what to create; without names, which are the old ones
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the old one is on a
   *     device, or its names are not UTF-8
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when what the header holds does not
   *     fit into a cluster of the new size, or the disk is too large for such clusters, or the
   *     chain for being opened then
   * @throws java.nio.file.FileSystemException when the old image's name leads elsewhere by now
   */
  public static FreshImage replacing(Volume volume, Qcow2Image old, ImageSpec spec)
      throws IOException {
    ChainRoom.of(old.backing()).plus(spec.l1Entries()).require(old.path());
    old.structure().settle();
    CreatedFile file = CreatedFile.replacing(volume, old.path(), old.imageFile());
    try {
      Qcow2Image image = fill(file.file(), spec, null, old.backing(), new JobControl());
      Qcow2Header carried = old.header();
      image
          .structure()
          .changeHeader(fresh ->
              HeaderDraft.of(fresh)
                  .backing(carried.backingFileName(), carried.extensions().backingFormat())
                  .carryingUnknown(carried)
                  .header());
      return new FreshImage(file, null, image);
    } catch (IOException | RuntimeException e) {
      ChainOpener.close(file, e);
      throw e;
    }
  }

  /**
   * Begins an image with all that one layer of a chain holds, by sharing the storage of its file as
   * a whole; it has no backing file. What stands free in that file does not come along.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what a new image would be
   * @param layer the layer, which nobody changes meanwhile; stays the caller's
   * @param control stops the look at its tables
   * @return null, and nothing is made, when its file holds anything else, its header says more than
   *     that of such a new image, or storage cannot be shared
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use
   */
  public static @Nullable FreshImage sharing(
      Volume volume, Path path, ImageSpec spec, Qcow2Image layer, JobControl control)
      throws IOException {
    Qcow2Header header = sharedHeader(spec, layer);
    FileUse use = header == null ? null : FileUse.of(layer.imageFile(), layer.header(), control);
    if (header == null || use == null) {
      return null;
    }
    CreatedFile file = CreatedFile.open(volume, path);
    try {
      if (!file.isDevice()
          && file.file().cloneFrom(layer.imageFile())
          && use.dropRest(file.file())) {
        writeHeader(file.file(), header, layer);
        return new FreshImage(file, null, open(file.file(), header, null, null), use.dataBytes());
      }
    } catch (IOException | RuntimeException e) {
      ChainOpener.close(file, e);
      throw e;
    }
    file.close();
    return null;
  }

  /** The whole cluster, as behind the old header may be anything; nothing where all is right. */
  private static void writeHeader(BlockFile file, Qcow2Header header, Qcow2Image layer)
      throws IOException {
    ByteBuffer wanted = HeaderWriter.encode(file.path(), header);
    ByteBuffer old = ByteBuffer.allocate(wanted.remaining());
    layer.imageFile().readPadded(old, 0);
    if (!old.flip().equals(wanted)) {
      file.write(wanted, 0);
    }
  }

  /**
   * The header of an image that is a layer's file without a backing file.
   *
   * @return null when it would not be that of a new image
   */
  private static @Nullable Qcow2Header sharedHeader(ImageSpec spec, Qcow2Image layer)
      throws IOException {
    Qcow2Header old = layer.header();
    Qcow2Header fresh =
        spec.draft()
            .l1(old.l1Entries(), old.l1TableOffset())
            .refcountTable(old.refcountTableOffset(), old.refcountTableClusters())
            .header();
    Qcow2Header alone = HeaderDraft.of(old).backing(null, null).header();
    boolean same =
        old.clusterBits() == fresh.clusterBits()
            && old.l1Entries() == fresh.l1EntriesFor(spec.sizeBytes())
            && HeaderWriter.encode(layer.path(), alone)
                .equals(HeaderWriter.encode(layer.path(), fresh));
    return same ? fresh : null;
  }

  private static Qcow2Image fill(
      BlockFile file,
      ImageSpec spec,
      @Nullable BlockFile dataFile,
      @Nullable DiskImage backing,
      JobControl control)
      throws IOException {
    return open(file, ImageCreation.writeFresh(file, spec, control), dataFile, backing);
  }

  private static Qcow2Image open(
      BlockFile file, Qcow2Header header, @Nullable BlockFile dataFile, @Nullable DiskImage backing)
      throws IOException {
    Qcow2Image.Shared shared =
        new Qcow2Image.Shared(
            new L2Cache(L2Cache.DEFAULT_BUDGET_BYTES),
            new DecoderPool(),
            new TableRepeats(),
            false);
    return new Qcow2Image(
        file,
        header,
        new Qcow2Image.Parts(
            List.of(),
            List.of(),
            dataFile,
            backing,
            shared,
            // Nobody can find the file yet; it is synced as a whole before that changes.
            new WriterOpener(file, header, List.of(), List.of())
                .open(dataFile, backing != null, false)));
  }

  /** How many bytes of data it began with. */
  public long sharedBytes() {
    return sharedBytes;
  }

  /** The image, open for writing. Its {@code sync} promises nothing before publication. */
  public Qcow2Image image() {
    return image;
  }

  /**
   * Gives clusters a place that reads as zeros and takes no storage.
   *
   * @param guestOffset where to begin, at a cluster
   * @param lengthBytes whole clusters, but for the disk's last one
   */
  public void reserve(long guestOffset, long lengthBytes) throws IOException {
    int clusterSize = image.header().clusterSize();
    long end = (guestOffset + lengthBytes + clusterSize - 1) & -clusterSize;
    image
        .behindEnd()
        .preallocate(
            guestOffset,
            end,
            (data, hostOffset, bytes) -> data.writeZeroes(hostOffset, bytes, true));
  }

  /**
   * Gives the storage of clusters that were in use and are free now back; nothing else may be under
   * way.
   *
   * @return false when some stays, and with it what was there
   */
  public boolean giveBackFreeSpace() throws IOException {
    return image.giveBack(FreeSpace.whateverItHolds());
  }

  /**
   * Makes the image durable and gives it its name, at once. Nothing may be under way on it, and it
   * is not to be written any more.
   */
  public void publish() throws IOException {
    image.finishWriting();
    if (dataFile == null) {
      file.publish();
    } else {
      dataFile.publishBefore(file);
    }
  }

  /** Lets go of the image; what was not published is gone. The backing image stays open. */
  @Override
  public void close() throws IOException {
    CreatedFile data = dataFile;
    try (file;
        data) {
      image.release();
    }
  }
}
