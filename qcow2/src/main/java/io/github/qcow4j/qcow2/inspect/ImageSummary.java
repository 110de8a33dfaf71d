package io.github.qcow4j.qcow2.inspect;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.encryption.LuksHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one image file says of itself.
 *
 * @param path the name it was opened by
 * @param identity which file it is
 * @param format its format
 * @param virtualSizeBytes size of its disk
 * @param fileBytes length of the file
 * @param allocatedBytes storage allocated to the file
 * @param header its header, or null for a raw image
 * @param snapshots its internal snapshots
 * @param bitmaps its bitmaps; none when they are stale
 * @param luks its LUKS header, or null for an image that has none
 */
public record ImageSummary(
    Path path,
    FileIdentity identity,
    ImageFormat format,
    long virtualSizeBytes,
    long fileBytes,
    long allocatedBytes,
    @Nullable Qcow2Header header,
    List<InternalSnapshot> snapshots,
    List<Bitmap> bitmaps,
    @Nullable LuksHeader luks) {

  public ImageSummary {
    snapshots = List.copyOf(snapshots);
    bitmaps = List.copyOf(bitmaps);
  }

  /** The name of the backing file as stored, or null when there is none. */
  public @Nullable String backingName() {
    return header == null ? null : header.backingFileName();
  }
}
