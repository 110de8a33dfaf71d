package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.FreshImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionRule;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Targets of conversions that are qcow2 images. */
public final class Qcow2Targets {

  private Qcow2Targets() {}

  /**
   * How clusters are stored.
   *
   * @param compressed whether compressed, where that makes them smaller
   * @param level how hard to try: 1 to 9 for zlib, 1 to 22 for zstd, 0 for the usual
   * @param inOrder whether clusters are placed in the order of the disk; then the result is the
   *     same however many threads there are
   */
  public record Storage(boolean compressed, int level, boolean inOrder) {

    /** Plain clusters in the order of the disk. */
    public static final Storage PLAIN = new Storage(false, 0, true);
  }

  /**
   * A new image that appears under its name, whole and durable, when the conversion completes;
   * until then an existing file of that name stays as it is.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what to create; its size is that of the sources
   * @param backing the image that the new one's backing name stands for, or null; stays the
   *     caller's
   * @param storage how clusters are stored
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use, by a source of this conversion for example
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when clusters are to be
   *     compressed beside an external data file; nothing is created then
   */
  public static ConvertTarget create(
      Volume volume, Path path, ImageSpec spec, @Nullable DiskImage backing, Storage storage)
      throws IOException {
    return create(volume, path, spec, backing, storage, new JobControl());
  }

  /**
   * The same for preallocation that may take long.
   *
   * @param control stops it; nothing is created then
   */
  public static ConvertTarget create(
      Volume volume,
      Path path,
      ImageSpec spec,
      @Nullable DiskImage backing,
      Storage storage,
      JobControl control)
      throws IOException {
    if (storage.compressed) {
      CompressionRule.require(path, spec.dataFile() != null);
    }
    FreshImage fresh = FreshImage.create(volume, path, spec, backing, control);
    boolean overBacking = spec.backingName() != null;
    Qcow2Target.Ending publishing =
        new Qcow2Target.Ending() {
          @Override
          public void complete() throws IOException {
            fresh.publish();
          }

          @Override
          public void close() throws IOException {
            fresh.close();
          }
        };
    return target(
        fresh.image(),
        publishing,
        new Qcow2Target.Traits(
            !overBacking,
            storage.inOrder,
            overBacking ? sizeOf(backing) : ConvertTarget.NO_BACKING),
        storage);
  }

  /**
   * A new image as {@link #create} makes it, which begins with all that one layer of the source
   * holds, by sharing the storage of that layer's file as a whole.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what to create, without a backing file; its size is that of the source
   * @param layer the layer, of the same size as all layers above it; stays the caller's
   * @param depth its depth in the source
   * @param control stops the look at its tables
   * @return null, and nothing is made, when that is not possible
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image of that name is
   *     in use
   */
  static @Nullable SharingTarget sharing(
      Volume volume, Path path, ImageSpec spec, Qcow2Image layer, int depth, JobControl control)
      throws IOException {
    FreshImage fresh = FreshImage.sharing(volume, path, spec, layer, control);
    return fresh == null ? null : new SharingTarget(fresh, depth);
  }

  /**
   * An existing image, written in place: what a failed conversion has written stays.
   *
   * @param image the image, open for writing and at least as large as the sources; the target's
   *     from now on
   * @param readsAsZeros whether the caller vouches that it is all zeros
   * @param overBacking whether the caller vouches that nothing is allocated in it, and that its
   *     backing file holds what lies below the source's topmost layer
   * @param storage how clusters are stored
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when clusters are to be
   *     compressed beside an external data file; the image stays the caller's, unchanged
   */
  public static ConvertTarget existing(
      Qcow2Image image, boolean readsAsZeros, boolean overBacking, Storage storage)
      throws IOException {
    if (storage.compressed) {
      CompressionRule.require(image.path(), image.header().has(Feature.EXTERNAL_DATA_FILE));
    }
    Qcow2Target.Ending syncing =
        new Qcow2Target.Ending() {
          @Override
          public void complete() throws IOException {
            image.sync();
          }

          @Override
          public void close() throws IOException {
            image.close();
          }
        };
    return target(
        image,
        syncing,
        new Qcow2Target.Traits(
            readsAsZeros,
            storage.inOrder,
            overBacking ? sizeOf(image.backing()) : ConvertTarget.NO_BACKING),
        storage);
  }

  /**
   * Has a target get copies of the bitmaps of a source when the conversion is through.
   *
   * @param target one of those here, for an image of version 3
   * @param source whose bitmaps; of the target's size
   * @param skippingBroken whether to leave out bitmaps that were not saved properly; else the
   *     conversion fails when there are such
   * @param skipped hears of those left out
   * @return the same target; its {@link ConvertTarget#prepareCompletion} fails with {@link
   *     io.github.qcow4j.qcow2.bitmap.BitmapChangeException} when a bitmap cannot be copied
   */
  public static ConvertTarget withBitmapsOf(
      ConvertTarget target, Qcow2Image source, boolean skippingBroken, Consumer<Bitmap> skipped) {
    if (!(target instanceof Qcow2Target qcow2)) {
      throw new IllegalArgumentException("no qcow2 target");
    }
    qcow2.beforeCompletion(image -> image.copyBitmaps(source, skippingBroken).forEach(skipped));
    return target;
  }

  private static long sizeOf(@Nullable DiskImage backing) {
    return backing == null ? ConvertTarget.UNKNOWN_BACKING : backing.virtualSize();
  }

  private static ConvertTarget target(
      Qcow2Image image, Qcow2Target.Ending ending, Qcow2Target.Traits traits, Storage storage) {
    return storage.compressed
        ? new Qcow2Target.Compressed(image, ending, traits, storage.level)
        : new Qcow2Target(image, ending, traits);
  }
}
