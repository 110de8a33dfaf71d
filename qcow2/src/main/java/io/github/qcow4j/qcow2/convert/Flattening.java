package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes of a chain one plain qcow2 image that needs no other and gives nothing away but what the
 * disk shows.
 *
 * <p>Where the file system shares storage, and the file of the largest layer holds nothing but what
 * the layer shows, the image begins as that file, shared as a whole, and only what other layers add
 * is written: its tables need not be laid out anew. Otherwise it is an ordinary conversion.
 */
public final class Flattening {

  private Flattening() {}

  /**
   * Writes the image. It is durable and visible under its name when this returns; when it throws,
   * what stood there stands there still.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param source the disk, which nobody changes meanwhile; left open
   * @param options how
   * @param control counts bytes of the disk, as {@link Conversion#run} says
   * @return how data came there
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws IOException when reading or writing fails
   */
  public static CopyResult run(
      Volume volume, Path path, DiskImage source, ConvertOptions options, JobControl control)
      throws IOException {
    ImageSpec spec = ImageSpec.ofSize(source.virtualSize());
    int depth =
        options.ways().contains(CopyMethod.REFLINK) ? largest(source) : ConvertTarget.NO_LAYER;
    if (depth != ConvertTarget.NO_LAYER && source.layers().get(depth) instanceof Qcow2Image layer) {
      try (SharingTarget target = Qcow2Targets.sharing(volume, path, spec, layer, depth, control)) {
        if (target != null) {
          return convert(source, target, options, control).plus(target.shared());
        }
      }
    }
    try (ConvertTarget target =
        Qcow2Targets.create(volume, path, spec, null, Qcow2Targets.Storage.PLAIN)) {
      return convert(source, target, options, control);
    }
  }

  private static CopyResult convert(
      DiskImage source, ConvertTarget target, ConvertOptions options, JobControl control)
      throws IOException {
    return Conversion.run(List.of(source), target, options, control, (offset, length, cause) -> {})
        .copied();
  }

  /** Behind the end of a shorter layer nothing of those below shows, so it is the last one. */
  private static int largest(DiskImage source) throws IOException {
    List<DiskImage> layers = source.layers();
    int largest = ConvertTarget.NO_LAYER;
    long largestBytes = 0;
    for (int depth = 0; depth < layers.size(); depth++) {
      DiskImage layer = layers.get(depth);
      if (layer.virtualSize() != source.virtualSize() || layer.writable()) {
        break;
      }
      if (layer instanceof Qcow2Image qcow2 && qcow2.imageFile().size() > largestBytes) {
        largest = depth;
        largestBytes = qcow2.imageFile().size();
      }
    }
    return largest;
  }
}
