package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.Storage;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.write.FreeSpace;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Grows and shrinks the disk of a qcow2 image. The order makes every crash harmless: what a larger
 * disk will show is made zeros, durably, before the size says that it is there; what a smaller one
 * no longer shows is given back in the same step that changes the size, or before.
 */
final class Resize {

  private final Qcow2Image image;
  private final ImageWriter writer;
  private final Qcow2Header header;
  private final List<InternalSnapshot> snapshots;
  private final @Nullable DiskImage backing;
  private final Preallocation preallocation;
  private final JobControl control;

  /** From where on the data file is new: zeros, with the storage that they are to have. */
  private long takenFrom = Long.MAX_VALUE;

  Resize(
      Qcow2Image image,
      ImageWriter writer,
      List<InternalSnapshot> snapshots,
      @Nullable DiskImage backing,
      Preallocation preallocation,
      JobControl control) {
    this.image = image;
    this.control = control;
    this.writer = writer;
    // A raw view has to hold of every cluster that it has a place there.
    this.preallocation =
        preallocation == Preallocation.OFF && image.header().has(Feature.RAW_EXTERNAL_DATA)
            ? Preallocation.METADATA
            : preallocation;
    this.header = image.header();
    this.snapshots = snapshots;
    this.backing = backing;
  }

  void run(long newBytes) throws IOException {
    if (newBytes < 0 || newBytes % FormatLimits.SECTOR_BYTES != 0) {
      throw new IllegalArgumentException("not a whole number of sectors: " + newBytes);
    }
    refuseWhatCannotFollow(newBytes);
    long needed = header.l1EntriesFor(newBytes);
    if (needed > Qcow2Header.maxL1Entries()) {
      throw new LimitExceededException(
          image.path(),
          "Failed to grow the L1 table: File too large",
          "L1 entries",
          Qcow2Header.maxL1Entries());
    }
    if (newBytes > header.virtualSize()) {
      ChainRoom.of(backing).plus(needed).require(image.path());
      grow(newBytes, (int) needed);
    } else if (newBytes < header.virtualSize()) {
      shrink(newBytes, (int) needed);
    }
  }

  private void refuseWhatCannotFollow(long newBytes) throws UnsupportedFeatureException {
    for (Bitmap bitmap : image.bitmaps()) {
      if (bitmap.inUse()) {
        throw unsupported(
            "Bitmap '" + bitmap.name() + "' is inconsistent and cannot be used",
            Feature.BITMAPS.specificationName());
      }
      if (!Bitmap.isPossible(newBytes, bitmap.granularityBits(), header.clusterSize())) {
        throw unsupported(
            "Bitmap '" + bitmap.name() + "' cannot have that size",
            Feature.BITMAPS.specificationName());
      }
    }
    if (header.version() < 3 && !snapshots.isEmpty()) {
      throw unsupported("Can't resize a v2 image which has snapshots", "version 2 snapshots");
    }
  }

  private UnsupportedFeatureException unsupported(String message, String feature) {
    return new UnsupportedFeatureException(image.path(), message, feature);
  }

  private void grow(long newBytes, int l1Entries) throws IOException {
    image.structure().requireBitmapsCanChange(newBytes);
    long oldBytes = header.virtualSize();
    if (l1Entries > header.l1Entries()) {
      image.changeSize(oldBytes, l1Entries);
    }
    BlockFile data = image.dataFile();
    if (header.has(Feature.EXTERNAL_DATA_FILE) && data.size() < newBytes) {
      long oldDataBytes = data.size();
      LongerFile.during(
          data,
          newBytes,
          () -> {
            // All at once: a table must not promise storage that goes again should the rest fail.
            Storage.take(data, oldDataBytes, newBytes - oldDataBytes, preallocation, control);
            data.syncAll();
            takenFrom = oldDataBytes;
            prepare(oldBytes, newBytes);
          });
    } else {
      prepare(oldBytes, newBytes);
    }
    image.changeSize(newBytes, Math.max(l1Entries, header.l1Entries()));
  }

  /** Makes ready, durably, what the larger disk is going to show. */
  private void prepare(long oldBytes, long newBytes) throws IOException {
    long clusterEnd = (oldBytes + header.clusterSize() - 1) & -header.clusterSize();
    long lastEnd = (newBytes + header.clusterSize() - 1) & -header.clusterSize();
    image.behindEnd().drop(clusterEnd, lastEnd, control);
    long shownEnd =
        backing == null || preallocation != Preallocation.OFF
            ? 0
            : Math.min(backing.virtualSize(), newBytes);
    long zeroEnd = Math.max(Math.min(clusterEnd, newBytes), shownEnd);
    if (zeroEnd > oldBytes) {
      image.behindEnd().zero(oldBytes, zeroEnd - oldBytes, shownBytes(), control);
    }
    if (preallocation != Preallocation.OFF) {
      // File systems place what is reserved beside what has its place already.
      image.dataFile().sync();
      image
          .behindEnd()
          .preallocate(
              firstWithoutPlace(oldBytes),
              (newBytes + header.clusterSize() - 1) & -header.clusterSize(),
              this::take);
    }
    image.sync();
  }

  /**
   * As far as a backing file counts as shown in the last cluster: with preallocation all of it,
   * which is written and so has its place then.
   */
  private long shownBytes() {
    if (backing == null) {
      return 0;
    }
    return preallocation == Preallocation.OFF ? backing.virtualSize() : Long.MAX_VALUE;
  }

  /**
   * The first cluster with a new part that has no place: the disk's last one too, when all that it
   * holds so far are zeros. One that holds more has its place already.
   */
  private long firstWithoutPlace(long oldBytes) throws IOException {
    long lastCluster = oldBytes & -header.clusterSize();
    long position = lastCluster;
    while (position < oldBytes) {
      Extent extent = image.extentAt(position, oldBytes - position);
      if (!extent.readsAsZeros()) {
        return lastCluster + header.clusterSize();
      }
      position = extent.end();
    }
    return lastCluster;
  }

  /** What a file held there before, or what stood in a cluster that is used again, is no matter. */
  private void take(BlockFile file, long hostOffset, long lengthBytes) throws IOException {
    control.checkpoint();
    long untakenBytes = Math.clamp(takenFrom - hostOffset, 0, lengthBytes);
    switch (preallocation) {
      case OFF, METADATA -> file.writeZeroes(hostOffset, untakenBytes, true);
      case FALLOC -> file.writeZeroes(hostOffset, untakenBytes, false);
      case FULL -> Storage.take(file, hostOffset, untakenBytes, preallocation, control);
    }
  }

  private void shrink(long newBytes, int l1Entries) throws IOException {
    // What is given back first is gone, should the step behind it turn out to be impossible.
    image.structure().requireSizeCanChange(newBytes);
    FreeSpace space = image.freeSpace();
    long clusterEnd = (newBytes + header.clusterSize() - 1) & -header.clusterSize();
    long tableEnd = Math.min(header.virtualSize(), (long) l1Entries << header.l2CoverageBits());
    long position = clusterEnd;
    long end = (tableEnd + header.clusterSize() - 1) & -header.clusterSize();
    while (position < end) {
      position += writer.dropByTables(position, end - position);
    }
    if (header.has(Feature.EXTERNAL_DATA_FILE)) {
      // A sync of the image alone would let the size be newer than what was written before.
      image.dataFile().sync();
    }
    image.changeSize(newBytes, l1Entries);
    boolean _ = image.giveBack(space);
    if (header.has(Feature.EXTERNAL_DATA_FILE)
        && image.dataFile().kind() == FileKind.REGULAR
        && image.dataFile().size() > newBytes) {
      image.dataFile().truncate(newBytes);
      image.dataFile().syncAll();
    }
  }
}
