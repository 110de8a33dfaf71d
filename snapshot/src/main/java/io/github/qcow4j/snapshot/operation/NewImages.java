package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.Flattening;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Writes new files of a home, durable but for their names. */
final class NewImages {

  private final Volume volume;

  NewImages(Volume volume) {
    this.volume = volume;
  }

  /**
   * An empty image.
   *
   * @param sizeBytes size of its disk, as the catalogue has it where it is to be as large as
   *     another
   * @param below what lies below, or null
   * @param like a file whose permissions it gets, or null for its owner alone
   */
  void empty(Path path, long sizeBytes, @Nullable Below below, @Nullable Path like)
      throws IOException {
    if (sizeBytes < 0) {
      throw new CatalogueException(
          BoxException.Kind.CORRUPT,
          "the catalogue is damaged: it says that a disk has %d bytes; check --repair mends that"
              .formatted(sizeBytes),
          false,
          null);
    }
    ImageSpec spec = ImageSpec.ofSize(sizeBytes);
    if (below != null) {
      spec = spec.withBacking(below.storedName(), below.format());
    }
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      if (like != null) {
        volume.copyPermissions(like, file);
      } else {
        volume.setPermissions(path, HomeLayout.PRIVATE_FILE);
      }
      ImageCreation.writeSparse(file, spec);
      file.syncAll();
    }
  }

  /** Whether a file can be copied as it is and mean the same elsewhere. */
  static boolean standsAlone(DiskImage image) {
    return image.backing() == null
        && !(image instanceof Qcow2Image qcow2
            && !qcow2.dataFile().identity().equals(qcow2.imageFile().identity()));
  }

  /** A copy of a file: shared storage where that is possible. */
  CopyMethod copy(BlockFile source, Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      volume.setPermissions(path, HomeLayout.PRIVATE_FILE);
      CopyMethod method = copyData(source, file);
      file.syncAll();
      return method;
    }
  }

  /**
   * Requires of a copy of a stranger's image that its header says what the image's said when that
   * was opened, and judged. Its owner may have written to it since: locks keep only those out who
   * take them.
   *
   * @throws InUseException when it says something else
   */
  void requireCopied(DiskImage judged, Path copy) throws IOException {
    InUseException changed =
        new InUseException(
            "'" + judged.path() + "' changed while it was copied; end whatever writes to it", null);
    try (DiskImage made =
        DiskImages.open(volume, copy, ReferencePolicy.deny(), options(judged.format()))) {
      if (made.virtualSize() != judged.virtualSize()
          || !Objects.equals(header(made), header(judged))) {
        throw changed;
      }
    } catch (ImageException e) {
      changed.initCause(e);
      throw changed;
    }
  }

  private static @Nullable Qcow2Header header(DiskImage image) {
    return image instanceof Qcow2Image qcow2 ? qcow2.header() : null;
  }

  private static CopyMethod copyData(BlockFile source, BlockFile target) throws IOException {
    if (target.cloneFrom(source)) {
      return CopyMethod.REFLINK;
    }
    CopyMethod method = CopyMethod.REFLINK;
    long size = source.size();
    target.truncate(size);
    long data = source.nextData(0);
    while (data >= 0) {
      long hole = source.nextHole(data);
      long end = hole < 0 ? size : hole;
      method =
          CapturedFile.costlier(
              method, CapturedFile.method(target.copyRange(source, data, data, end - data)));
      data = end >= size ? -1 : source.nextData(end);
    }
    return method;
  }

  /** A qcow2 image that shows what an open image shows, and needs no other; says how it came. */
  CopyMethod flatten(DiskImage source, Path path, JobControl control) throws IOException {
    CopyResult copied = Flattening.run(volume, path, source, ConvertOptions.DEFAULT, control);
    volume.setPermissions(path, HomeLayout.PRIVATE_FILE);
    return CapturedFile.method(copied);
  }

  /** An image for reading, with all that lies below; nobody may write to any of it meanwhile. */
  static DiskImage open(Volume volume, Path path, ImageFormat format, ReferencePolicy policy)
      throws IOException {
    return open(volume, path, policy, options(format));
  }

  /**
   * An image that somebody brings, which nobody may write to meanwhile. Its chain may be as long as
   * any that is nobody's: only a home's own may have grown longer.
   */
  static DiskImage openBrought(Volume volume, Path path, ImageFormat format, ReferencePolicy policy)
      throws IOException {
    ImageOptions options =
        options(format).withMaxChainLayers(ImageOptions.DEFAULT_MAX_CHAIN_LAYERS);
    return open(volume, path, policy, options);
  }

  /** One image for its metadata, and nothing that lies below; nobody may write to it meanwhile. */
  static DiskImage openAlone(Volume volume, Path path, ImageFormat format) throws IOException {
    return open(volume, path, ReferencePolicy.deny(), options(format).withMetadataOnly());
  }

  /** The file of an image, whatever is in it; nobody may write to it meanwhile. */
  static DiskImage openFile(Volume volume, Path path) throws IOException {
    return open(volume, path, ReferencePolicy.deny(), options(ImageFormat.RAW));
  }

  private static DiskImage open(
      Volume volume, Path path, ReferencePolicy policy, ImageOptions options) throws IOException {
    try {
      return DiskImages.open(volume, path, policy, options);
    } catch (ImageInUseException e) {
      throw writtenElsewhere(path, e);
    }
  }

  /** A program that nobody told the catalogue about, known by the locks that QEMU takes. */
  static InUseException writtenElsewhere(Path path, ImageInUseException cause) {
    Path image = cause.image() == null ? path : cause.image();
    InUseException inUse =
        new InUseException(
            "another program has '" + image + "' open for writing; end that first", null);
    inUse.initCause(cause);
    return inUse;
  }

  static ImageOptions options(ImageFormat format) {
    return ImageOptions.of(format)
        .withSharing(ImageOptions.Sharing.EXCLUDE_WRITERS)
        .withMaxChainLayers(MAX_CHAIN_LAYERS);
  }

  /** Chains of former versions or other policies are read whatever their length. */
  private static final int MAX_CHAIN_LAYERS = 10_000;
}
