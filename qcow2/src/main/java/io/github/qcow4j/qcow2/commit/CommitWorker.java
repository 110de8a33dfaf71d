package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.commit.CommitPieces.Piece;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.Pace;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import io.github.qcow4j.qcow2.transfer.StorageSharing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/** Moves pieces from the overlay into the base; one thread's. */
final class CommitWorker implements PieceThreads.Worker<Piece> {

  private final DiskImage overlay;
  private final DiskImage base;
  private final Pace pace;
  private final JobControl control;
  private final Totals totals;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CommitPieces.DATA_BYTES);

  /**
   * What all threads moved.
   *
   * @param data shares what can be shared, and counts
   * @param zeroBytes bytes made zeros
   */
  record Totals(StorageSharing data, LongAdder zeroBytes) {}

  CommitWorker(DiskImage overlay, DiskImage base, Pace pace, JobControl control, Totals totals) {
    this.overlay = overlay;
    this.base = base;
    this.pace = pace;
    this.control = control;
    this.totals = totals;
  }

  @Override
  public void accept(Piece piece, PieceThreads.Turn turn) throws IOException {
    if (piece.zeros()) {
      if (turn.await()) {
        writeZeroes(piece);
      }
    } else {
      pace.take(piece.lengthBytes());
      move(piece, turn);
    }
    control.advance(piece.lengthBytes());
  }

  /** Writing is in the order of the disk: clusters taken in another one would lie scattered. */
  private void move(Piece piece, PieceThreads.Turn turn) throws IOException {
    int length = (int) piece.lengthBytes();
    if (totals.data().isPossible()) {
      if (turn.await()) {
        shareOrCopy(piece.guestOffset(), length);
      }
      return;
    }
    StorageSharing.Part whole = totals.data().next(piece.guestOffset(), length);
    buffer.clear().limit(whole.lengthBytes());
    overlay.read(piece.guestOffset(), buffer);
    if (turn.await()) {
      base.write(piece.guestOffset(), buffer.flip());
    }
  }

  private void shareOrCopy(long guestOffset, int lengthBytes) throws IOException {
    int done = 0;
    while (done < lengthBytes) {
      long position = guestOffset + done;
      StorageSharing.Part part = totals.data().next(position, lengthBytes - done);
      if (!part.shared()) {
        buffer.clear().limit(part.lengthBytes());
        overlay.read(position, buffer);
        base.write(position, buffer.flip());
      }
      done += part.lengthBytes();
    }
  }

  /** What the base shows as zeros already needs no entry. */
  private void writeZeroes(Piece piece) throws IOException {
    ExtentWalk extents = base.extents(piece.guestOffset(), piece.lengthBytes());
    for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
      control.checkpoint();
      if (!extent.readsAsZeros()) {
        base.writeZeroes(extent.guestOffset(), extent.lengthBytes(), true);
        totals.zeroBytes.add(extent.lengthBytes());
      }
    }
  }
}
