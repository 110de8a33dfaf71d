package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.create.CreatedFile;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.Storage;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.lock.ReplacedImage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/** Raw targets of conversions. */
public final class RawTargets {

  private RawTargets() {}

  /**
   * A new raw image that appears under its name, whole and durable, when the conversion completes;
   * until then an existing file of that name stays as it is. A device or other special file is
   * written in place instead.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param sizeBytes the size of the disk
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use, by a source of this conversion for example
   */
  public static ConvertTarget create(Volume volume, Path path, long sizeBytes) throws IOException {
    return create(volume, path, sizeBytes, Preallocation.OFF, new JobControl());
  }

  /**
   * The same for which storage is taken at once.
   *
   * @param preallocation how; not {@code METADATA}
   * @param control stops that; nothing is created then
   */
  public static ConvertTarget create(
      Volume volume, Path path, long sizeBytes, Preallocation preallocation, JobControl control)
      throws IOException {
    if (volume.exists(path) && volume.status(path).kind() != FileKind.REGULAR) {
      return existing(volume, path, sizeBytes, false);
    }
    CreatedFile file = CreatedFile.open(volume, path);
    try {
      if (file.isDevice()) {
        throw Errno.ESTALE.exception("open", path.toString());
      }
      file.setSize(sizeBytes);
      Storage.takeRaw(file.file(), sizeBytes, preallocation, control);
      return new RawFileTarget(file);
    } catch (IOException | RuntimeException e) {
      closeAfter(e, file);
      throw e;
    }
  }

  /**
   * An existing raw image or device, written in place; or a FIFO, once somebody reads it.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param sizeBytes the size of the disk, which must fit
   * @param readsAsZeros whether the caller vouches that it is all zeros
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when it is in use
   * @throws SystemCallException when it is too small
   */
  public static ConvertTarget existing(
      Volume volume, Path path, long sizeBytes, boolean readsAsZeros) throws IOException {
    // A lock is on bytes at positions, which a stream has not.
    BlockFile file =
        StreamFile.isStream(volume, path)
            ? volume.open(path, OpenOptions.streaming())
            : ReplacedImage.openLocked(volume, path);
    try {
      boolean sized = file.kind() == FileKind.REGULAR || file.kind() == FileKind.BLOCK_DEVICE;
      if (sized && file.size() < sizeBytes) {
        throw new SystemCallException(
            "open", 0, path.toString(), "output file is smaller than input file");
      }
      return new RawInPlaceTarget(file, readsAsZeros, !sized);
    } catch (IOException | RuntimeException e) {
      closeAfter(e, file);
      throw e;
    }
  }

  private static void closeAfter(Exception failure, Closeable file) {
    try {
      file.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
