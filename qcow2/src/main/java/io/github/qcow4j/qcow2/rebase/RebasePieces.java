package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.transfer.DataRanges;
import io.github.qcow4j.qcow2.transfer.FilePlace;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where the two backing files must be compared, from front to back: what the overlay does not hold
 * itself, and what is neither zeros in both nor the same layer of both. For one thread at a time.
 */
final class RebasePieces implements PieceThreads.Source<RebasePieces.Piece> {

  /**
   * Shorter runs of zeros are not worth a cut: they go with the data beside them, where they are
   * found all the same. Rebased to nothing with 64 KiB, 256 KiB and 1 MiB, data and holes by turns
   * become the same image: those of 64 KiB, 256 MiB in all, in 0.42, 0.41 and 0.43 s of processor
   * time, those of 256 KiB, 512 MiB in all, in 0.47, 0.46 and 0.56 s.
   */
  static final int LONG_RUN_BYTES = 256 << 10;

  private final Qcow2Image overlay;
  private final @Nullable DiskImage newBacking;
  private final int commonDepth;
  private final Offload offload;
  private final JobControl control;
  private final DataRanges ranges;
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
   * @param place where it stands as plain bytes, when it need not be read; a piece may be of any
   *     length then, else of no more than {@link #pieceBytes}
   */
  record Piece(
      long guestOffset,
      long lengthBytes,
      boolean oldZeros,
      boolean newZeros,
      @Nullable FilePlace place) {}

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
   * @param offload what need not be read, where the new backing file shows zeros
   * @param control told of what need not be compared
   */
  RebasePieces(
      Qcow2Image overlay,
      @Nullable DiskImage newBacking,
      int commonDepth,
      Offload offload,
      JobControl control) {
    this.overlay = overlay;
    this.newBacking = newBacking;
    this.commonDepth = commonDepth;
    this.offload = offload;
    this.control = control;
    this.ranges = new DataRanges(overlay);
    this.unitBytes = unitBytes(overlay.header());
    this.pieceBytes = Math.max(BlockFile.CALL_BYTES, overlay.header().clusterSize());
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
      FilePlace place = fresh.zeros && !old.zeros ? offloaded() : null;
      if (place != null) {
        Piece piece = new Piece(position, place.lengthBytes(), false, true, place);
        position += place.lengthBytes();
        return piece;
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

  private Piece piece(long wantedEnd, boolean oldZeros, boolean newZeros) throws IOException {
    long end = oldZeros ? wantedEnd : nextOffloaded(wantedEnd);
    Piece piece = new Piece(position, end - position, oldZeros, newZeros, null);
    position = end;
    return piece;
  }

  /** Where as many bytes stand as can be taken from there at once, or null. */
  private @Nullable FilePlace offloaded() throws IOException {
    FilePlace first = placeAt(position);
    return first == null || offload.bytesBefore(position, first) != 0
        ? null
        : offload.piece(position, offload.joined(position, first, this::placeAt));
  }

  /** Where the first bytes behind the next ones stand that need not be read, up to an end. */
  private long nextOffloaded(long end) throws IOException {
    long at = position;
    while (offload.isPossible() && at < end) {
      FilePlace place = placeAt(at);
      long before = place == null ? -1 : offload.bytesBefore(at, place);
      if (before >= 0 && at + before > position) {
        return Math.min(end, at + before);
      }
      at = oldStatus(at).end;
    }
    return end;
  }

  /** Where bytes stand of the old chain in whose place the new one shows zeros. */
  private @Nullable FilePlace placeAt(long offset) throws IOException {
    long left = overlay.virtualSize() - offset;
    if (left == 0) {
      return null;
    }
    Extent extent = overlay.extentAt(offset, left);
    Status fresh = newStatus(offset);
    if (isSettled(extent) || extent.kind() != Extent.Kind.DATA || !fresh.zeros) {
      return null;
    }
    DataRanges.Range range = ranges.at(extent, offset);
    long length = Math.min(range.lengthBytes(), fresh.end - offset);
    return range.hole() ? null : ranges.place(extent, offset, length);
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
    boolean settled = isSettled(extent);
    if (settled || extent.kind() != Extent.Kind.DATA) {
      return new Status(settled, !settled && extent.readsAsZeros(), extent.end());
    }
    DataRanges.Range range = ranges.at(extent, offset);
    return new Status(false, range.hole(), offset + range.lengthBytes());
  }

  /** Whether it shows the same whatever the backing file: the overlay's own, or of both chains. */
  private boolean isSettled(Extent extent) {
    return isOwn(extent) || extent.depth() >= commonDepth;
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
