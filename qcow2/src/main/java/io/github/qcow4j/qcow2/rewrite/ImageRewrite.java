package io.github.qcow4j.qcow2.rewrite;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.FreshImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

/**
 * Writes an image anew to change what cannot be changed in place: the cluster size, how clusters
 * are compressed, whether L2 entries have subclusters.
 *
 * <p>The new image holds what the old one holds itself, and nothing of its backing file, whose name
 * and format it keeps: plain data stay plain, compressed data compressed, zeros that need no data
 * stay such, and what is unallocated stays unallocated. Only where a new cluster, or subcluster,
 * covers smaller ones of several kinds it is held as a whole. Bitmaps keep their granularities and
 * marks; what nobody here understands of the header is kept too. Storage that is merely reserved
 * for clusters that are zeros is given up.
 */
public final class ImageRewrite {

  private final Qcow2Image old;
  private final RewriteRequest request;
  private final JobControl control;

  private ImageRewrite(Qcow2Image old, RewriteRequest request, JobControl control) {
    this.old = old;
    this.request = request;
    this.control = control;
  }

  /**
   * Rewrites an image. On return the new file, whole and durable, has taken its name, and has its
   * permissions and, as far as this process may, its owner; after a power cut the old or the new
   * one stands there. When it fails or is cancelled, the image is as it was, and stays open and
   * usable. Other hard links of the old file keep the old content; of a symbolic link, what it
   * leads to is replaced.
   *
   * <p>The changes {@linkplain RewriteRequest#others() besides} are made to the new file before
   * anybody can find it: all of it happens at once, or nothing. They are {@link Amendment}'s, in
   * its order, but that a newer version comes first of all, and an older one last.
   *
   * @param volume where the image's name is looked up
   * @param image the image, open for writing with its chain, whose lock keeps others out meanwhile;
   *     nothing else may be under way on it. On return it is the old file, which has lost its name:
   *     it is to be closed, by the caller
   * @param request what is to change
   * @param control counts bytes of the disk
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has what cannot
   *     be carried over: internal snapshots, an external data file, bitmaps that were not saved
   *     properly or cannot be had with such clusters, names that are not UTF-8; when it is on a
   *     device; or when what is wanted does not go together
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the disk is too large for such
   *     clusters, or the header does not fit into one
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   * @throws java.nio.file.FileSystemException when the image's name leads to another file by now,
   *     or the storage fails
   */
  public static RewriteResult run(
      Volume volume, Qcow2Image image, RewriteRequest request, JobControl control)
      throws IOException {
    return new ImageRewrite(image, request, control).run(volume);
  }

  private RewriteResult run(Volume volume) throws IOException {
    ImageSpec spec = new RewrittenForm(old, request).spec();
    boolean withBitmaps = finalVersion(old.header()) >= 3;
    try (FreshImage fresh = FreshImage.replacing(volume, old, spec)) {
      RewriteResult result = bringOver(fresh);
      if (withBitmaps) {
        fresh.image().copyBitmaps(old, false);
      }
      Amendment.run(fresh.image(), request.others(), control.forPart());
      control.checkpoint();
      fresh.publish();
      return result;
    }
  }

  private int finalVersion(Qcow2Header header) {
    Integer wanted = request.others().version();
    return wanted == null ? header.version() : wanted;
  }

  private RewriteResult bringOver(FreshImage fresh) throws IOException {
    RewriteWorker.Totals totals =
        new RewriteWorker.Totals(sharing(fresh.image()), new LongAdder(), new LongAdder());
    control.expect(old.virtualSize());
    RewritePieces pieces = new RewritePieces(old, fresh.image().header(), control);
    PieceThreads.run(
        pieces,
        () ->
            new RewriteWorker(
                old, fresh, pieces.pieceBytes(), request.compressionLevel(), control, totals),
        request.parallelism(),
        control);
    CopyResult copied = new CopyResult(0, 0, totals.copiedBytes().sum());
    return new RewriteResult(
        totals.offload().result().plus(copied), totals.compressedBytes().sum());
  }

  private static Offload sharing(Qcow2Image target) {
    return new Offload(target.copyUnitBytes(), target::copyFrom, Set.of(CopyMethod.REFLINK));
  }
}
