package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.lock.DiskFile;
import io.github.qcow4j.qcow2.lock.ImageLock;
import io.github.qcow4j.qcow2.lock.LockProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Opens disk images. */
public final class DiskImages {

  private DiskImages() {}

  /**
   * Opens an image and the chain below it, for reading.
   *
   * <p>All headers of the chain are read and checked, loops and over-long chains refused, before
   * any guest data is read. The whole chain is locked as QEMU locks it. On failure nothing stays
   * open.
   *
   * @param volume where names are looked up
   * @param path the image
   * @param policy what the image may lead to
   * @param options how to open it
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when a header, snapshot table or
   *     bitmap directory contradicts the format, or the chain loops
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when a layer needs an unknown
   *     feature, or is encrypted and its data is wanted
   * @throws io.github.qcow4j.qcow2.error.ReferenceDeniedException when the policy says no
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody writes to a layer
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when a limit would be passed
   * @throws IOException when the storage fails; {@link
   *     io.github.qcow4j.qcow2.error.ReferenceTrail}s attached to any of these tell which layer led
   *     there
   */
  public static DiskImage open(
      Volume volume, Path path, ReferencePolicy policy, ImageOptions options) throws IOException {
    return new ChainOpener(volume, policy, options).open(path);
  }

  /**
   * Opens the backing file of an image that does not exist yet, with the chain below it, for
   * reading: as it will be opened when the image exists.
   *
   * @param volume where names are looked up
   * @param image the image to be; relative names count from its directory
   * @param storedName the name as it is to be stored
   * @param storedFormat the format as it is to be stored, or null when none is
   * @param policy what the image may lead to
   * @param options how to open the chain; its format counts for nothing
   * @throws IOException as {@link #open} says, with a {@link
   *     io.github.qcow4j.qcow2.error.ReferenceTrail} for the image to be
   */
  public static DiskImage openBacking(
      Volume volume,
      Path image,
      String storedName,
      @Nullable String storedFormat,
      ReferencePolicy policy,
      ImageOptions options)
      throws IOException {
    return new ChainOpener(volume, policy, options).openBackingOf(image, storedName, storedFormat);
  }

  /**
   * {@link #open} with layers below the image open for writing too, for jobs that move data between
   * layers.
   *
   * @param writableDepths the layers that may be changed, 0 being the image itself, 1 its backing
   *     file; all others are open for reading
   */
  public static DiskImage openLayers(
      Volume volume,
      Path path,
      ReferencePolicy policy,
      ImageOptions options,
      Set<Integer> writableDepths)
      throws IOException {
    return new ChainOpener(volume, policy, options, writableDepths::contains).open(path);
  }

  /**
   * Locks a file that is open for reading as an image is locked that is read: until it is closed,
   * nobody who takes QEMU's locks writes to it.
   *
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody writes to it
   * @throws IOException when it cannot be locked
   */
  public static void lockForReading(BlockFile file) throws IOException {
    ImageLock.acquire(file, LockProfile.READING);
  }

  /**
   * The format that the content of a file tells: qcow2 where it begins with qcow2's magic, else
   * raw. The file is open, not locked, only meanwhile.
   *
   * @throws IOException when it cannot be read, or is no disk
   */
  public static ImageFormat probeFormat(Volume volume, Path path) throws IOException {
    try (BlockFile file = DiskFile.open(volume, path, OpenOptions.reading())) {
      return OpenLayer.probe(file);
    }
  }
}
