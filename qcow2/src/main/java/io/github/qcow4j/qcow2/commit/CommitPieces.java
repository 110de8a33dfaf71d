package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the base must take over, from front to back: all that the layers above it decide. For one
 * thread at a time.
 */
final class CommitPieces implements PieceThreads.Source<CommitPieces.Piece> {

  /** A thread's buffer; pieces end on multiples of it, so that the base's clusters stay whole. */
  static final int DATA_BYTES = 1 << 20;

  /** Zeros cost no buffer, only time until the next checkpoint. */
  private static final long ZERO_BYTES = 1L << 30;

  private final DiskImage overlay;
  private final int baseDepth;
  private final JobControl control;
  private long position;

  /**
   * A range of the disk.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length
   * @param zeros whether it is zeros without looking
   */
  record Piece(long guestOffset, long lengthBytes, boolean zeros) {}

  /**
   * @param overlay the disk
   * @param baseDepth how many layers lie above the base
   * @param control told of what need not be moved
   */
  CommitPieces(DiskImage overlay, int baseDepth, JobControl control) {
    this.overlay = overlay;
    this.baseDepth = baseDepth;
    this.control = control;
  }

  @Override
  public @Nullable Piece next() throws IOException {
    long size = overlay.virtualSize();
    while (position < size) {
      control.checkpoint();
      Extent extent = overlay.extentAt(position, size - position);
      if (extent.depth() < baseDepth) {
        // Unallocated above the base, but not the base's: a layer between is shorter than the disk.
        boolean zeros = extent.readsAsZeros();
        long unit = zeros ? ZERO_BYTES : DATA_BYTES;
        long end = Math.min(extent.end(), (position / unit + 1) * unit);
        Piece piece = new Piece(position, end - position, zeros);
        position = end;
        return piece;
      }
      control.advance(extent.lengthBytes());
      position = extent.end();
    }
    return null;
  }
}
