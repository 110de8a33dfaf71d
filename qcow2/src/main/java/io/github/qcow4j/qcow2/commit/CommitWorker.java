package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.commit.CommitPieces.Piece;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.FilePlace;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.Pace;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
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
  private final ByteBuffer buffer = AlignedBuffers.allocate(CommitPieces.DATA_BYTES);

  /**
   * What all threads moved.
   *
   * @param offload brings what need not be read, and counts that
   * @param copiedBytes bytes that were read and written
   * @param zeroBytes bytes made zeros
   */
  record Totals(Offload offload, LongAdder copiedBytes, LongAdder zeroBytes) {

    CopyResult data() {
      return offload.result().plus(new CopyResult(0, 0, copiedBytes.sum()));
    }
  }

  CommitWorker(DiskImage overlay, DiskImage base, Pace pace, JobControl control, Totals totals) {
    this.overlay = overlay;
    this.base = base;
    this.pace = pace;
    this.control = control;
    this.totals = totals;
  }

  /** Writing is in the order of the disk: clusters taken in another one would lie scattered. */
  @Override
  public void accept(Piece piece, PieceThreads.Turn turn) throws IOException {
    FilePlace place = piece.place();
    if (piece.zeros()) {
      if (turn.await()) {
        writeZeroes(piece);
      }
    } else {
      pace.take(piece.lengthBytes());
      if (place == null) {
        copy(piece.guestOffset(), (int) piece.lengthBytes(), turn);
      } else if (turn.await()) {
        offloadOrCopy(piece, place, turn);
      }
    }
    control.advance(piece.lengthBytes());
  }

  private void offloadOrCopy(Piece piece, FilePlace place, PieceThreads.Turn turn)
      throws IOException {
    long done = totals.offload.copy(piece.guestOffset(), place);
    while (done < piece.lengthBytes()) {
      control.checkpoint();
      int part = (int) Math.min(CommitPieces.DATA_BYTES, piece.lengthBytes() - done);
      copy(piece.guestOffset() + done, part, turn);
      done += part;
    }
  }

  private void copy(long guestOffset, int lengthBytes, PieceThreads.Turn turn) throws IOException {
    buffer.clear().limit(lengthBytes);
    overlay.read(guestOffset, buffer);
    if (turn.await()) {
      base.write(guestOffset, buffer.flip());
      totals.copiedBytes.add(lengthBytes);
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
