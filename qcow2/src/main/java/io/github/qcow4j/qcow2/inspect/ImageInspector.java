package io.github.qcow4j.qcow2.inspect;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.encryption.LuksHeader;
import io.github.qcow4j.qcow2.encryption.LuksHeaderParser;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what one image says of itself, and opens nothing but the file that was named. */
public final class ImageInspector {

  private ImageInspector() {}

  /**
   * Reads headers and directories of one image; the file is open, and locked as for reading, only
   * meanwhile.
   *
   * @param volume where the name is looked up
   * @param path the image
   * @param options its format, whom to keep out, and limits; the chain's do not matter here
   * @throws IOException as {@link DiskImages#open} does
   */
  public static ImageSummary inspect(Volume volume, Path path, ImageOptions options)
      throws IOException {
    try (DiskImage image =
        DiskImages.open(volume, path, ReferencePolicy.deny(), options.withMetadataOnly())) {
      return image instanceof Qcow2Image qcow2
          ? summary(
              qcow2,
              qcow2.imageFile(),
              qcow2.header(),
              qcow2.snapshots(),
              qcow2.bitmaps(),
              luks(qcow2.imageFile(), qcow2.header()))
          : summary(image, image.dataFile(), null, List.of(), List.of(), null);
    }
  }

  private static ImageSummary summary(
      DiskImage image,
      BlockFile file,
      @Nullable Qcow2Header header,
      List<InternalSnapshot> snapshots,
      List<Bitmap> bitmaps,
      @Nullable LuksHeader luks)
      throws IOException {
    return new ImageSummary(
        image.path(),
        file.identity(),
        image.format(),
        image.virtualSize(),
        file.size(),
        file.allocatedSize(),
        header,
        snapshots,
        bitmaps,
        luks);
  }

  private static @Nullable LuksHeader luks(BlockFile file, Qcow2Header header) throws IOException {
    EncryptionHeader place = header.extensions().encryptionHeader();
    return place == null ? null : LuksHeaderParser.read(file, place);
  }
}
