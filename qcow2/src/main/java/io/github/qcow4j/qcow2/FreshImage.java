package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.cluster.DecoderPool;
import io.github.qcow4j.qcow2.create.CreatedFile;
import io.github.qcow4j.qcow2.create.FreshDataFile;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.write.WriterOpener;
import java.io.Closeable;
import java.io.IOException;
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

  private FreshImage(CreatedFile file, @Nullable CreatedFile dataFile, Qcow2Image image) {
    this.file = file;
    this.dataFile = dataFile;
    this.image = image;
  }

  /**
   * Begins a new image.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what to create
   * @param backing what its unallocated clusters show while it is filled, or null; stays the
   *     caller's
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use
   */
  public static FreshImage create(
      Volume volume, Path path, ImageSpec spec, @Nullable DiskImage backing) throws IOException {
    CreatedFile file = CreatedFile.open(volume, path);
    CreatedFile dataFile = null;
    try {
      dataFile = FreshDataFile.open(volume, spec);
      return new FreshImage(
          file,
          dataFile,
          fill(file.file(), spec, dataFile == null ? null : dataFile.file(), backing));
    } catch (IOException | RuntimeException e) {
      ChainOpener.close(file, e);
      if (dataFile != null) {
        ChainOpener.close(dataFile, e);
      }
      throw e;
    }
  }

  private static Qcow2Image fill(
      BlockFile file, ImageSpec spec, @Nullable BlockFile dataFile, @Nullable DiskImage backing)
      throws IOException {
    Qcow2Header header = ImageCreation.writeFresh(file, spec);
    Qcow2Image.Shared shared =
        new Qcow2Image.Shared(new L2Cache(L2Cache.DEFAULT_BUDGET_BYTES), new DecoderPool(), false);
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

  /** The image, open for writing. Its {@code sync} promises nothing before publication. */
  public Qcow2Image image() {
    return image;
  }

  /**
   * Makes the image durable and gives it its name, at once. Nothing may be under way on it, and it
   * is not to be written any more.
   */
  public void publish() throws IOException {
    image.finishWriting();
    if (dataFile != null) {
      dataFile.publish();
    }
    file.publish();
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
