package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.snapshot.intake.StagedDisk.BackingLink;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What an overlay of Cocoon's stands on: a base of the host, by its absolute name, which the
 * caller's policy has to admit. The whole chain is opened, and closed again.
 */
record OverlayLink(Volume volume, DirectoryPolicy policy) {

  @Nullable BackingLink of(Path overlay) throws IOException {
    ImageOptions options =
        ImageOptions.of(ImageFormat.QCOW2).withMaxVirtualSize(policy.maxVirtualSize());
    try (DiskImage image = DiskImages.open(volume, overlay, policy.references(), options)) {
      DiskImage backing = image.backing();
      if (backing == null || !(image instanceof Qcow2Image qcow2)) {
        return null;
      }
      String name = String.valueOf(qcow2.header().backingFileName());
      if (!name.startsWith("/") && !name.startsWith("file:/")) {
        throw new RefusedTransferException(
            "'%s' stands on a file by a relative name, which would mean another file in a copy"
                .formatted(overlay.getFileName()));
      }
      return new BackingLink(backing.path(), backing.format().label());
    }
  }
}
