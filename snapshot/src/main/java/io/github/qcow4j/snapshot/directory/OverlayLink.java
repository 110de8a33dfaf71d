package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ChainRoom;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.snapshot.intake.StagedDisk.BackingLink;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What an overlay of Cocoon's stands on: a base of the host, by its absolute name, which the
 * caller's policy has to admit. The whole chain is opened, and closed again.
 *
 * @param volume where the overlay's directory, and what it names, is looked up
 * @param policy what is allowed
 * @param staging where the overlay's copy waits
 */
record OverlayLink(Volume volume, DirectoryPolicy policy, Staging staging) {

  /**
   * Asks the copy, and never the file that it was made of: that is a stranger's, who may exchange
   * it at any time, and the copy is what boxes will lie on.
   *
   * @param copy the overlay's copy
   * @param original where it was copied from, which is what names it has are taken against
   * @return what the copy names, or null when it names nothing
   */
  @Nullable BackingLink of(Path copy, Path original) throws IOException {
    ImageOptions options =
        ImageOptions.of(ImageFormat.QCOW2).withMaxVirtualSize(policy.maxVirtualSize());
    Qcow2Header header = ImageInspector.inspect(staging.volume(), copy, options).header();
    String name = header == null ? null : header.backingFileName();
    if (header == null || name == null) {
      return null;
    }
    String format = header.extensions().backingFormat();
    try (DiskImage backing =
        DiskImages.openBacking(volume, original, name, format, policy.references(), options)) {
      if (!name.startsWith("/") && !name.startsWith("file:/")) {
        throw new RefusedTransferException(
            "'%s' stands on a file by a relative name, which would mean another file in a copy"
                .formatted(original.getFileName()));
      }
      // The overlay itself is not opened here, and is the top of what boxes will open.
      ChainRoom.of(backing).plus(header.l1Entries()).require(original);
      return new BackingLink(backing.path(), backing.format().label());
    }
  }
}
