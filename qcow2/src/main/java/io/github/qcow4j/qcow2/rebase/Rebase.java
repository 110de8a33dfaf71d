package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ChainFiles;
import io.github.qcow4j.qcow2.ChainRoom;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionRule;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Gives an overlay another backing file, or none. The overlay's disk shows the same bytes at every
 * moment: where the old and the new backing file differ, the overlay takes over what the old one
 * shows; when that is durable, one write of the header names the new one.
 */
public final class Rebase {

  private final Qcow2Image overlay;
  private final @Nullable DiskImage newBacking;
  private final RebaseOptions options;
  private final JobControl control;

  private Rebase(
      Qcow2Image overlay,
      @Nullable DiskImage newBacking,
      RebaseOptions options,
      JobControl control) {
    this.overlay = overlay;
    this.newBacking = newBacking;
    this.options = options;
    this.control = control;
  }

  /**
   * Rebases an overlay; durable on return. The overlay is locked for writing, all layers of both
   * chains for reading. When it fails or is cancelled, the overlay shows what it did, over its old
   * backing file, and may hold more of it itself.
   *
   * @param volume where names are looked up
   * @param path the overlay
   * @param policy what it may lead to, the new backing file included
   * @param imageOptions its format, and limits
   * @param backing the new backing file, or null for none
   * @param options how
   * @param control counts bytes of the overlay's disk
   * @throws UnsupportedFeatureException when the image can have no backing file, or is to hold
   *     compressed clusters beside an external data file, or a snapshot is to be kept and cannot
   *     be; nothing is changed then
   * @throws ReferenceDeniedException when the new backing file lies on the overlay itself; nothing
   *     is changed then
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the name does not fit into the
   *     header, or the new chain would be too large to be opened; nothing is changed then
   * @throws io.github.qcow4j.qcow2.error.ImageException when an image cannot be opened, see {@link
   *     DiskImages#open}
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   */
  public static RebaseResult run(
      Volume volume,
      Path path,
      ReferencePolicy policy,
      ImageOptions imageOptions,
      @Nullable BackingName backing,
      RebaseOptions options,
      JobControl control)
      throws IOException {
    try (DiskImage overlay = DiskImages.open(volume, path, policy, imageOptions.withWriting());
        DiskImage newBacking =
            backing == null
                ? null
                : DiskImages.openBacking(
                    volume,
                    path,
                    backing.name(),
                    backing.format(),
                    policy,
                    imageOptions.withFormat(null))) {
      return run(overlay, newBacking, backing, options, control);
    }
  }

  /**
   * Rebases an overlay that is open; durable on return. Nothing else may be under way on it.
   *
   * @param overlay the overlay, open for writing with its old chain; to be closed afterwards, by
   *     the caller
   * @param newBacking what {@code backing} stands for, open for reading, or null for none; left
   *     open
   * @param backing how the overlay is to name it, or null for none
   * @param options as {@link #run(Volume, Path, ReferencePolicy, ImageOptions, BackingName,
   *     RebaseOptions, JobControl)} says, like all else
   * @param control counts bytes of the overlay's disk
   */
  public static RebaseResult run(
      DiskImage overlay,
      @Nullable DiskImage newBacking,
      @Nullable BackingName backing,
      RebaseOptions options,
      JobControl control)
      throws IOException {
    if ((newBacking == null) != (backing == null)) {
      throw new IllegalArgumentException("a backing file has a name, and none has none");
    }
    Qcow2Image image = HeaderRoom.require(overlay, backing);
    requireApart(image, newBacking, backing);
    ChainRoom.of(newBacking).plus(image.header().l1Entries()).require(image.path());
    if (options.compressed()) {
      CompressionRule.require(image.path(), image.header().has(Feature.EXTERNAL_DATA_FILE));
    }
    RebaseResult result = new Rebase(image, newBacking, options, control).copyDifferences();
    image.changeBackingName(
        backing == null ? null : backing.name(), backing == null ? null : backing.format());
    return result;
  }

  /** What lies on the overlay is locked, but whoever shares all the same can open it. */
  private static void requireApart(
      Qcow2Image overlay, @Nullable DiskImage newBacking, @Nullable BackingName backing)
      throws ReferenceDeniedException {
    if (backing != null && ChainFiles.of(newBacking).hold(overlay)) {
      throw new ReferenceDeniedException(
          overlay.path(), backing.name(), "it lies on the image itself");
    }
  }

  /**
   * Names another backing file, or none, in the header of an overlay and does nothing else; durable
   * on return. Neither backing file is looked at: what the overlay shows is the caller's concern.
   *
   * @param volume where the name is looked up
   * @param path the overlay
   * @param imageOptions its format
   * @param backing the new backing file, or null for none
   * @throws UnsupportedFeatureException when the image can have no backing file
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the name does not fit into the
   *     header
   */
  public static void rename(
      Volume volume, Path path, ImageOptions imageOptions, @Nullable BackingName backing)
      throws IOException {
    ImageOptions headerOnly = imageOptions.withMetadataOnly().withWriting();
    try (DiskImage overlay = DiskImages.open(volume, path, ReferencePolicy.deny(), headerOnly)) {
      rename(overlay, backing);
    }
  }

  /** The same for an overlay that is open for writing, and is to be closed afterwards. */
  public static void rename(DiskImage overlay, @Nullable BackingName backing) throws IOException {
    HeaderRoom.require(overlay, backing)
        .changeBackingName(
            backing == null ? null : backing.name(), backing == null ? null : backing.format());
  }

  private RebaseResult copyDifferences() throws IOException {
    if (options.keepingSnapshots()) {
      refuseDependentSnapshots();
    }
    Offload offload = new Offload(overlay.copyUnitBytes(), overlay::copyFrom, options.ways());
    RebaseWorker.Totals totals = new RebaseWorker.Totals(offload, new LongAdder(), new LongAdder());
    control.expect(overlay.virtualSize());
    RebasePieces pieces = new RebasePieces(overlay, newBacking, commonDepth(), offload, control);
    PieceThreads.run(
        pieces,
        () -> new RebaseWorker(overlay, newBacking, pieces.pieceBytes(), options, control, totals),
        options.parallelism(),
        control);
    overlay.sync();
    return new RebaseResult(totals.data(), totals.zeroedBytes().sum());
  }

  /** From which depth on the overlay's chain is the new one; unreachable when nowhere. */
  private int commonDepth() {
    List<DiskImage> layers = overlay.layers();
    for (int depth = 1; newBacking != null && depth < layers.size(); depth++) {
      DiskImage layer = layers.get(depth);
      if (layer.format() == newBacking.format() && identity(layer).equals(identity(newBacking))) {
        return depth;
      }
    }
    return Integer.MAX_VALUE;
  }

  private static FileIdentity identity(DiskImage image) {
    return switch (image) {
      case Qcow2Image qcow2 -> qcow2.imageFile().identity();
      case RawImage raw -> raw.dataFile().identity();
    };
  }

  /** What of an L1 table a snapshot shows. */
  private record View(long l1TableOffset, int l1Entries, long sizeBytes) {}

  private void refuseDependentSnapshots() throws IOException {
    if (overlay.backing() == null) {
      return;
    }
    long _ = SnapshotTable.requireFewL1Entries(overlay.imageFile(), overlay.snapshots());
    Set<View> seen = new HashSet<>();
    for (InternalSnapshot snapshot : overlay.snapshots()) {
      Qcow2Image view = overlay.openSnapshot(snapshot);
      if (!seen.add(new View(snapshot.l1TableOffset(), snapshot.l1Entries(), view.virtualSize()))) {
        continue;
      }
      ExtentWalk extents = view.extents(0, view.virtualSize());
      for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
        control.checkpoint();
        if (extent.depth() > 0 && !extent.readsAsZeros()) {
          throw new UnsupportedFeatureException(
              overlay.path(),
              "Snapshot '" + snapshot.name() + "' shows the backing file, and would be changed",
              "internal snapshots over a backing file");
        }
      }
    }
  }
}
