package io.github.qcow4j.qcow2.rewrite;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.qcow2.FreshImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rewrite.RewritePieces.Kind;
import io.github.qcow4j.qcow2.rewrite.RewritePieces.Piece;
import io.github.qcow4j.qcow2.rewrite.RewritePieces.Run;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.PackedClusters;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import io.github.qcow4j.qcow2.transfer.RangeCopy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/**
 * Brings pieces over, one thread's: reads and compresses when it is ready, writes when it is its
 * turn, so that the new image is the same however many threads there are.
 */
final class RewriteWorker implements PieceThreads.Worker<Piece> {

  private final Qcow2Image old;
  private final FreshImage fresh;
  private final Qcow2Image target;
  private final JobControl control;
  private final Totals totals;
  private final ByteBuffer buffer;
  private final PackedClusters packed;
  private final RangeCopy ranges;

  /**
   * What all threads brought over.
   *
   * @param offload shares what can be shared, and counts that
   * @param copiedBytes bytes of plain data that were read and written
   * @param compressedBytes guest bytes that were compressed anew
   */
  record Totals(Offload offload, LongAdder copiedBytes, LongAdder compressedBytes) {}

  RewriteWorker(
      Qcow2Image old,
      FreshImage fresh,
      int pieceBytes,
      int compressionLevel,
      JobControl control,
      Totals totals)
      throws IOException {
    this.old = old;
    this.fresh = fresh;
    this.target = fresh.image();
    this.control = control;
    this.totals = totals;
    this.buffer = AlignedBuffers.allocate(pieceBytes);
    this.ranges = new RangeCopy(old, totals.offload());
    this.packed = new PackedClusters(target, compressionLevel, pieceBytes);
  }

  @Override
  public void accept(Piece piece, PieceThreads.Turn turn) throws IOException {
    boolean sharing = totals.offload().isPossible();
    packed.begin();
    for (Run run : piece.runs()) {
      if (run.kind() == Kind.PACKED || (run.kind() == Kind.PLAIN && !sharing)) {
        read(piece, run.guestOffset(), (int) run.lengthBytes());
      }
      if (run.kind() == Kind.PACKED) {
        packed.compress(run.guestOffset(), part(piece, run.guestOffset(), run.lengthBytes()));
      }
    }
    if (!turn.await()) {
      return;
    }
    for (Run run : piece.runs()) {
      switch (run.kind()) {
        case ZERO -> target.writeZeroes(run.guestOffset(), run.lengthBytes(), true);
        case RESERVED -> fresh.reserve(run.guestOffset(), run.lengthBytes());
        case PACKED -> {
          packed.store(run.guestOffset(), part(piece, run.guestOffset(), run.lengthBytes()));
          totals.compressedBytes().add(run.lengthBytes());
        }
        case PLAIN -> {
          if (sharing) {
            share(piece, run);
          } else {
            write(piece, run.guestOffset(), (int) run.lengthBytes());
          }
        }
      }
    }
    control.advance(piece.lengthBytes());
  }

  private void share(Piece piece, Run run) throws IOException {
    ranges.run(
        run.guestOffset(),
        (int) run.lengthBytes(),
        (guestOffset, lengthBytes) -> {
          read(piece, guestOffset, lengthBytes);
          write(piece, guestOffset, lengthBytes);
        });
  }

  private void read(Piece piece, long guestOffset, int lengthBytes) throws IOException {
    old.read(guestOffset, part(piece, guestOffset, lengthBytes));
  }

  private void write(Piece piece, long guestOffset, int lengthBytes) throws IOException {
    target.write(guestOffset, part(piece, guestOffset, lengthBytes));
    totals.copiedBytes().add(lengthBytes);
  }

  /** The buffer's bytes for a range of a piece. */
  private ByteBuffer part(Piece piece, long guestOffset, long lengthBytes) {
    return buffer.slice((int) (guestOffset - piece.guestOffset()), (int) lengthBytes);
  }

  @Override
  public void close() {
    packed.close();
  }
}
