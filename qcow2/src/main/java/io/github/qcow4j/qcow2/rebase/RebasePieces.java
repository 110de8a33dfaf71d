package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where the two backing files must be compared, from front to back: what the overlay does not hold
 * itself, and what is neither zeros in both nor the same layer of both. For one thread at a time.
 */
final class RebasePieces implements PieceThreads.Source<RebasePieces.Piece> {

  /** Shorter runs of zeros are not worth a cut: they go with the data beside them. */
  static final int LONG_RUN_BYTES = 256 << 10;

  private static final int PIECE_BYTES = 1 << 20;

  private final Qcow2Image overlay;
  private final @Nullable DiskImage newBacking;
  private final int commonDepth;
  private final JobControl control;
  private final int unitBytes;
  private final int pieceBytes;
  private long position;

  /**
   * A range of the disk that the overlay does not hold; it begins at a unit.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length
   * @param oldZeros whether it is zeros without looking
   * @param newZeros whether it would be zeros, without looking, over the new backing file
   */
  record Piece(long guestOffset, int lengthBytes, boolean oldZeros, boolean newZeros) {}

  /** What is known of a range without reading it, up to its end. */
  private record Status(boolean settled, boolean zeros, long end) {

    boolean goesOnIn(Status next) {
      return next.settled == settled && next.zeros == zeros;
    }
  }

  /**
   * @param overlay the overlay, over its old backing file
   * @param newBacking the new one, or null for none
   * @param commonDepth from which depth of the overlay's chain on the new one has the same layers
   * @param control told of what need not be compared
   */
  RebasePieces(
      Qcow2Image overlay, @Nullable DiskImage newBacking, int commonDepth, JobControl control) {
    this.overlay = overlay;
    this.newBacking = newBacking;
    this.commonDepth = commonDepth;
    this.control = control;
    this.unitBytes = unitBytes(overlay.header());
    this.pieceBytes = Math.max(PIECE_BYTES, overlay.header().clusterSize());
  }

  /** What an overlay holds as a whole or not at all: a cluster, or a subcluster. */
  static int unitBytes(Qcow2Header header) {
    return header.has(Feature.EXTENDED_L2)
        ? header.clusterSize() / L2Entry.SUBCLUSTERS
        : header.clusterSize();
  }

  int pieceBytes() {
    return pieceBytes;
  }

  @Override
  public @Nullable Piece next() throws IOException {
    long size = overlay.virtualSize();
    while (position < size) {
      control.checkpoint();
      long pieceEnd = Math.min(size, (position / pieceBytes + 1) * pieceBytes);
      Status old = joined(position, pieceEnd, this::oldStatus);
      if (old.settled) {
        if (skipTo(old.end)) {
          continue;
        }
        return piece(Math.min(size, position + unitBytes), false, false);
      }
      Status fresh = joined(position, pieceEnd, this::newStatus);
      long end = Math.min(old.end, fresh.end);
      if (old.zeros && fresh.zeros && skipTo(end)) {
        continue;
      }
      long wholeEnd = unitStart(Math.min(end, pieceEnd));
      return wholeEnd - position >= LONG_RUN_BYTES || wholeEnd == pieceEnd
          ? piece(wholeEnd, old.zeros, fresh.zeros)
          : piece(mixedEnd(Math.min(end, pieceEnd), pieceEnd), false, false);
    }
    return null;
  }

  /**
   * Where a piece ends whose beginning is short: short parts are dealt with together, so that what
   * is written of them lies together.
   */
  private long mixedEnd(long from, long pieceEnd) throws IOException {
    long end = from;
    while (end < pieceEnd) {
      Status old = oldStatus(end);
      Status fresh = newStatus(end);
      long next = Math.min(old.end, fresh.end);
      if (old.settled || (next - end >= LONG_RUN_BYTES && (old.zeros || fresh.zeros))) {
        break;
      }
      end = Math.min(next, pieceEnd);
    }
    long wholeEnd = (end + unitBytes - 1) & -unitBytes;
    return Math.min(Math.max(wholeEnd, position + unitBytes), overlay.virtualSize());
  }

  private Piece piece(long end, boolean oldZeros, boolean newZeros) {
    Piece piece = new Piece(position, (int) (end - position), oldZeros, newZeros);
    position = end;
    return piece;
  }

  /** Goes on at an offset, or at the last unit's beginning before it, if that is progress. */
  private boolean skipTo(long end) {
    long target = unitStart(end);
    if (target <= position) {
      return false;
    }
    control.advance(target - position);
    position = target;
    return true;
  }

  private long unitStart(long offset) {
    return offset == overlay.virtualSize() ? offset : offset & -unitBytes;
  }

  /** Asks for the status at an offset. */
  @FunctionalInterface
  private interface StatusAt {
    Status at(long offset) throws IOException;
  }

  /** Neighbours of the same status count as one, up to where that is enough. */
  private static Status joined(long offset, long enough, StatusAt question) throws IOException {
    Status status = question.at(offset);
    while (status.end < enough) {
      Status next = question.at(status.end);
      if (!status.goesOnIn(next)) {
        break;
      }
      status = next;
    }
    return status;
  }

  private Status oldStatus(long offset) throws IOException {
    Extent extent = overlay.extentAt(offset, overlay.virtualSize() - offset);
    boolean settled = isOwn(extent) || extent.depth() >= commonDepth;
    return new Status(settled, !settled && extent.readsAsZeros(), extent.end());
  }

  /** Whether the overlay itself says what is there. */
  static boolean isOwn(Extent extent) {
    return extent.depth() == 0 && extent.kind() != Extent.Kind.UNALLOCATED;
  }

  private Status newStatus(long offset) throws IOException {
    DiskImage backing = newBacking;
    if (backing == null || offset >= backing.virtualSize()) {
      return new Status(false, true, overlay.virtualSize());
    }
    long limit = Math.min(overlay.virtualSize(), backing.virtualSize());
    Extent extent = backing.extentAt(offset, limit - offset);
    return new Status(false, extent.readsAsZeros(), extent.end());
  }
}
