package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.RebasePieces.Piece;
import io.github.qcow4j.qcow2.transfer.FilePlace;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.PackedClusters;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import io.github.qcow4j.qcow2.transfer.RangeCopy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Compares pieces, and has the overlay hold what the new backing file would show differently; one
 * thread's.
 */
final class RebaseWorker implements PieceThreads.Worker<Piece> {

  private final Qcow2Image overlay;
  private final @Nullable DiskImage newBacking;
  private final JobControl control;
  private final Totals totals;
  private final int unitBytes;
  private final ByteBuffer oldBytes;
  private final ByteBuffer newBytes;
  private final ByteBuffer zeros;
  private final @Nullable PackedClusters packed;
  private final RangeCopy ranges;
  private final long zerosAsDataEnd;

  /**
   * What all threads changed.
   *
   * @param offload brings what need not be read, and counts that
   * @param copiedBytes bytes of data that were read and written
   * @param zeroedBytes bytes that became zeros
   */
  record Totals(Offload offload, LongAdder copiedBytes, LongAdder zeroedBytes) {

    CopyResult data() {
      return offload.result().plus(new CopyResult(0, 0, copiedBytes.sum()));
    }
  }

  /** What the overlay must do about a unit. */
  private enum Action {
    NOTHING,
    ZERO,
    COPY
  }

  RebaseWorker(
      Qcow2Image overlay,
      @Nullable DiskImage newBacking,
      int pieceBytes,
      RebaseOptions options,
      JobControl control,
      Totals totals)
      throws IOException {
    this.overlay = overlay;
    this.newBacking = newBacking;
    this.control = control;
    this.totals = totals;
    this.unitBytes = RebasePieces.unitBytes(overlay.header());
    this.oldBytes = AlignedBuffers.allocate(pieceBytes);
    this.newBytes = AlignedBuffers.allocate(pieceBytes);
    this.zeros = ByteBuffer.allocateDirect(pieceBytes);
    this.packed =
        options.compressed()
            ? new PackedClusters(overlay, ClusterEncoder.DEFAULT_LEVEL, pieceBytes)
            : null;
    this.ranges = new RangeCopy(overlay, totals.offload());
    DiskImage oldBacking = overlay.backing();
    this.zerosAsDataEnd =
        options.zerosAsData() && oldBacking != null ? oldBacking.virtualSize() : 0;
  }

  /**
   * Writing is in the order of the disk, for clusters taken in another one would lie scattered; but
   * compressing takes longer than anything else, and is done by all threads at once.
   */
  @Override
  public void accept(Piece piece, PieceThreads.Turn turn) throws IOException {
    FilePlace place = piece.place();
    if (place == null) {
      compare(piece, turn);
    } else if (turn.await()) {
      // Where the new backing file shows zeros there is nothing to compare with.
      offloadOrCompare(piece, place, turn);
    }
    control.advance(piece.lengthBytes());
  }

  private void offloadOrCompare(Piece piece, FilePlace place, PieceThreads.Turn turn)
      throws IOException {
    long done = totals.offload.copy(piece.guestOffset(), place);
    while (done < piece.lengthBytes()) {
      control.checkpoint();
      long part = Math.min(oldBytes.capacity(), piece.lengthBytes() - done);
      compare(new Piece(piece.guestOffset() + done, part, false, true, null), turn);
      done += part;
    }
  }

  private void compare(Piece piece, PieceThreads.Turn turn) throws IOException {
    ByteBuffer old = piece.oldZeros() ? zeros(piece) : readOld(piece);
    ByteBuffer fresh = piece.newZeros() ? zeros(piece) : readNew(piece);
    List<Run> runs = runs(piece, old, fresh);
    if (packed != null) {
      packed.begin();
      for (Run run : runs) {
        if (run.action == Action.COPY) {
          packed.compress(piece.guestOffset() + run.from, run.of(old));
        }
      }
    }
    if (runs.isEmpty() || !turn.await()) {
      return;
    }
    for (Run run : runs) {
      apply(run.action, piece.guestOffset() + run.from, run.of(old));
    }
  }

  /** Units that follow one another, and what the overlay must do about them. */
  private record Run(Action action, int from, int to) {

    ByteBuffer of(ByteBuffer piece) {
      return piece.slice(from, to - from);
    }

    boolean isShortZero() {
      return action == Action.ZERO && to - from < RebasePieces.LONG_RUN_BYTES;
    }

    /** Whether both can be written at once: data, with short runs of zeros among it. */
    boolean joins(Run next) {
      return to == next.from
          && (action == Action.COPY || isShortZero())
          && (next.action == Action.COPY || next.isShortZero());
    }
  }

  private List<Run> runs(Piece piece, ByteBuffer old, ByteBuffer fresh) {
    List<Run> runs = new ArrayList<>();
    int from = 0;
    while (from < piece.lengthBytes()) {
      Action action = actionAt(piece.guestOffset(), old, fresh, from);
      int to = unitEnd(piece, from);
      while (to < piece.lengthBytes() && actionAt(piece.guestOffset(), old, fresh, to) == action) {
        to = unitEnd(piece, to);
      }
      if (action != Action.NOTHING) {
        add(runs, new Run(action, from, to));
      }
      from = to;
    }
    return runs;
  }

  private void add(List<Run> runs, Run run) {
    Run last = runs.isEmpty() ? null : runs.getLast();
    if (packed == null && last != null && last.joins(run)) {
      runs.set(runs.size() - 1, new Run(Action.COPY, last.from, run.to));
    } else {
      runs.add(run);
    }
  }

  private int unitEnd(Piece piece, int from) {
    return Math.min(length(piece), from + unitBytes);
  }

  /** The length of a piece that fits into a buffer. */
  private static int length(Piece piece) {
    return (int) piece.lengthBytes();
  }

  private ByteBuffer zeros(Piece piece) {
    return zeros.slice(0, length(piece));
  }

  private ByteBuffer readOld(Piece piece) throws IOException {
    oldBytes.clear().limit(length(piece));
    overlay.read(piece.guestOffset(), oldBytes);
    return oldBytes.flip();
  }

  /** What the backing file does not reach would read as zeros. */
  private ByteBuffer readNew(Piece piece) throws IOException {
    long reach = newBacking == null ? 0 : newBacking.virtualSize() - piece.guestOffset();
    int inside = (int) Math.max(0, Math.min(piece.lengthBytes(), reach));
    newBytes.clear().limit(inside);
    if (newBacking != null && inside > 0) {
      newBacking.read(piece.guestOffset(), newBytes);
    }
    newBytes.limit(length(piece));
    newBytes.put(inside, zeros, 0, length(piece) - inside);
    return newBytes.rewind();
  }

  private Action actionAt(long guestOffset, ByteBuffer old, ByteBuffer fresh, int from) {
    int length = Math.min(unitBytes, old.limit() - from);
    ByteBuffer unit = old.slice(from, length);
    if (unit.mismatch(fresh.slice(from, length)) < 0) {
      return Action.NOTHING;
    }
    boolean mayBeZero = guestOffset + from >= zerosAsDataEnd;
    return mayBeZero && unit.mismatch(zeros.slice(0, length)) < 0 ? Action.ZERO : Action.COPY;
  }

  private void apply(Action action, long guestOffset, ByteBuffer old) throws IOException {
    switch (action) {
      case NOTHING -> {}
      case ZERO -> {
        totals.zeroedBytes().add(old.remaining());
        zero(guestOffset, old);
      }
      case COPY -> {
        if (packed == null) {
          ranges.run(
              guestOffset,
              old.remaining(),
              (offset, bytes) -> write(guestOffset, old, offset, bytes));
        } else {
          totals.copiedBytes().add(old.remaining());
          packed.store(guestOffset, old);
        }
      }
    }
  }

  private void write(long guestOffset, ByteBuffer old, long from, int lengthBytes)
      throws IOException {
    totals.copiedBytes().add(lengthBytes);
    overlay.write(from, old.slice((int) (from - guestOffset), lengthBytes));
  }

  /**
   * Asking for zeros changes nothing where the disk shows zeros already and the tables have no way
   * to say so, in version 2 for example. But the overlay must hold them itself.
   */
  private void zero(long guestOffset, ByteBuffer old) throws IOException {
    overlay.writeZeroes(guestOffset, old.remaining(), true);
    ExtentWalk extents = overlay.extents(guestOffset, old.remaining());
    for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
      if (!RebasePieces.isOwn(extent)) {
        int from = (int) (extent.guestOffset() - guestOffset);
        overlay.write(extent.guestOffset(), old.slice(from, (int) extent.lengthBytes()));
      }
    }
  }

  @Override
  public void close() {
    if (packed != null) {
      packed.close();
    }
  }
}
