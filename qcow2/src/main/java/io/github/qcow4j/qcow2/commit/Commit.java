package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.Pace;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * Moves what an overlay holds into an image below it. The overlay's disk shows the same bytes at
 * every moment: its data is durable in the base before the overlay is emptied, and that is one
 * write. A base smaller than the overlay grows first; a larger one keeps its size.
 *
 * <p>Whatever else shows the base does change: other overlays of it, the layers between when the
 * base is not the backing file itself, and internal snapshots of the overlay where they show the
 * base. Nobody can know them all, so that this is the caller's concern, as it is with {@code
 * qemu-img}.
 */
public final class Commit {

  private final DiskImage overlay;
  private final DiskImage base;
  private final int baseDepth;
  private final CommitOptions options;
  private final JobControl control;

  private Commit(DiskImage overlay, int baseDepth, CommitOptions options, JobControl control) {
    this.overlay = overlay;
    this.base = overlay.layers().get(baseDepth);
    this.baseDepth = baseDepth;
    this.options = options;
    this.control = control;
  }

  /**
   * Commits an overlay; durable on return. The overlay, when it is to be emptied, and the base are
   * locked for writing as QEMU locks them, all other layers for reading.
   *
   * <p>When it fails or is cancelled, the overlay is as it was, and the base may hold a part of the
   * overlay's data: a second commit completes it.
   *
   * @param volume where names are looked up
   * @param path the overlay
   * @param policy what its chain may lead to
   * @param imageOptions its format, and limits
   * @param options what to commit
   * @param control counts bytes of the overlay's disk
   * @throws NoSuchBaseException when the overlay has no backing file, or the chain no such base
   * @throws io.github.qcow4j.qcow2.error.ImageException when an image cannot be opened, see {@link
   *     DiskImages#open}; or the base cannot grow, see {@link Qcow2Image#resize}
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   */
  public static CommitResult run(
      Volume volume,
      Path path,
      ReferencePolicy policy,
      ImageOptions imageOptions,
      CommitOptions options,
      JobControl control)
      throws IOException {
    int baseDepth = find(volume, path, policy, imageOptions, options);
    Set<Integer> writable = options.emptying() ? Set.of(0, baseDepth) : Set.of(baseDepth);
    try (DiskImage overlay = DiskImages.openLayers(volume, path, policy, imageOptions, writable)) {
      if (new BaseSearch(volume, overlay).depthOf(options.base()) != baseDepth) {
        throw new NoSuchBaseException("The backing chain was changed meanwhile");
      }
      return new Commit(overlay, baseDepth, options, control).run();
    }
  }

  private static int find(
      Volume volume,
      Path path,
      ReferencePolicy policy,
      ImageOptions imageOptions,
      CommitOptions options)
      throws IOException {
    try (DiskImage overlay = DiskImages.open(volume, path, policy, imageOptions)) {
      int depth = new BaseSearch(volume, overlay).depthOf(options.base());
      if (depth > 1 && options.emptying()) {
        throw new IllegalArgumentException(
            "an overlay cannot be emptied after a commit past its backing file");
      }
      return depth;
    }
  }

  private CommitResult run() throws IOException {
    long grownBytes = growBase();
    // Whatever a layer holds is moved, zeros too: nothing has to be read for its content.
    Offload offload =
        new Offload(
            base.copyUnitBytes(),
            base::copyFrom,
            Set.of(CopyMethod.REFLINK, CopyMethod.KERNEL_COPY));
    CommitWorker.Totals totals = new CommitWorker.Totals(offload, new LongAdder(), new LongAdder());
    control.expect(overlay.virtualSize());
    Pace pace = new Pace(options.bytesPerSecond(), control);
    PieceThreads.run(
        new CommitPieces(overlay, baseDepth, offload, control),
        () -> new CommitWorker(overlay, base, pace, control, totals),
        options.parallelism(),
        control);
    base.sync();
    boolean emptied = options.emptying() && overlay instanceof Qcow2Image;
    if (emptied) {
      ((Qcow2Image) overlay).empty();
    }
    return new CommitResult(totals.data(), totals.zeroBytes().sum(), grownBytes, emptied);
  }

  private long growBase() throws IOException {
    long missing = overlay.virtualSize() - base.virtualSize();
    if (missing <= 0) {
      return 0;
    }
    switch (base) {
      case Qcow2Image image -> image.resize(overlay.virtualSize(), Preallocation.OFF, control);
      case RawImage image -> image.resize(overlay.virtualSize());
    }
    return missing;
  }
}
