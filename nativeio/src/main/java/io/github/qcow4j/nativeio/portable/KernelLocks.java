package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.support.LockTable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What this JVM as a whole holds of one file in the kernel: the strongest mode that any of its open
 * files holds of each byte, kept in step with a {@link LockTable}.
 *
 * <p>{@code java.nio} can neither convert a lock nor release a part of one, so where a lock changes
 * it is given up for a moment. Not safe for threads; the {@link SharedFile} guards it.
 */
final class KernelLocks {

  /**
   * How often a lock given up for a moment is asked for again: what stands in the way is another
   * process that is just asking, and gone in microseconds. Speed does not depend on it: the first
   * time that nothing stands in the way is the last.
   */
  private static final int RETRIES = 10_000;

  private record Piece(long start, long end, LockMode mode, FileLock lock) {
    boolean overlaps(long otherStart, long otherEnd) {
      return start < otherEnd && otherStart < end;
    }
  }

  private final Path path;
  private final List<Piece> pieces = new ArrayList<>();

  KernelLocks(Path path) {
    this.path = path;
  }

  /**
   * Makes the kernel's locks over the range what the table says.
   *
   * @return false when another process holds some of it; the locks then are in between, and are put
   *     right by a call with the table as it was
   */
  boolean follow(LockTable table, long start, long end, AsynchronousFileChannel channel)
      throws IOException {
    long low = start;
    long high = end;
    Iterator<Piece> each = pieces.iterator();
    while (each.hasNext()) {
      Piece piece = each.next();
      if (piece.overlaps(start, end) && !agrees(piece, table)) {
        low = Math.min(low, piece.start());
        high = Math.max(high, piece.end());
        each.remove();
        piece.lock().release();
      }
    }
    List<Long> boundaries = boundaries(table, low, high);
    for (int at = 0; at + 1 < boundaries.size(); at++) {
      long from = boundaries.get(at);
      long to = boundaries.get(at + 1);
      LockMode mode = table.strongestAt(from);
      if (mode != null && pieceAt(from) == null && !take(from, to, mode, channel)) {
        return false;
      }
    }
    return true;
  }

  /** The same, insisting: other processes may be asking about these bytes at this moment. */
  boolean restore(LockTable table, long start, long end, AsynchronousFileChannel channel)
      throws IOException {
    for (int attempt = 0; attempt < RETRIES; attempt++) {
      if (follow(table, start, end, channel)) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  /**
   * Whether another process holds some of the range against {@code mode}. What this JVM shares
   * there is given up for a moment.
   */
  boolean heldElsewhere(
      LockTable table, long start, long end, LockMode mode, AsynchronousFileChannel channel)
      throws IOException {
    List<Long> boundaries = boundaries(table, start, end);
    for (int at = 0; at + 1 < boundaries.size(); at++) {
      long from = boundaries.get(at);
      long to = boundaries.get(at + 1);
      Piece own = pieceAt(from);
      boolean settled =
          own != null && (own.mode() == LockMode.EXCLUSIVE || mode == LockMode.SHARED);
      if (!settled && probe(table, own, from, to, mode, channel)) {
        return true;
      }
    }
    return false;
  }

  private boolean probe(
      LockTable table,
      @Nullable Piece own,
      long start,
      long end,
      LockMode mode,
      AsynchronousFileChannel channel)
      throws IOException {
    if (own == null) {
      return !canTake(start, end, mode, channel);
    }
    pieces.remove(own);
    own.lock().release();
    boolean free;
    try {
      free = canTake(start, end, mode, channel);
    } catch (IOException e) {
      restore(table, own.start(), own.end(), channel);
      throw e;
    }
    if (!restore(table, own.start(), own.end(), channel)) {
      throw new LockLostException(path, own.start(), own.end());
    }
    return !free;
  }

  private static boolean canTake(
      long start, long end, LockMode mode, AsynchronousFileChannel channel) throws IOException {
    FileLock lock = tryLock(start, end, mode, channel);
    if (lock == null) {
      return false;
    }
    lock.release();
    return true;
  }

  private boolean take(long start, long end, LockMode mode, AsynchronousFileChannel channel)
      throws IOException {
    FileLock lock = tryLock(start, end, mode, channel);
    if (lock == null) {
      return false;
    }
    pieces.add(new Piece(start, end, mode, lock));
    return true;
  }

  private static @Nullable FileLock tryLock(
      long start, long end, LockMode mode, AsynchronousFileChannel channel) throws IOException {
    return channel.tryLock(start, end - start, mode == LockMode.SHARED);
  }

  private boolean agrees(Piece piece, LockTable table) {
    TreeSet<Long> inside = new TreeSet<>();
    inside.add(piece.start());
    table.addBoundaries(piece.start(), piece.end(), inside);
    return inside.stream().allMatch(position -> table.strongestAt(position) == piece.mode());
  }

  private @Nullable Piece pieceAt(long position) {
    for (Piece piece : pieces) {
      if (piece.overlaps(position, position + 1)) {
        return piece;
      }
    }
    return null;
  }

  /** Between two neighbours of these, nothing changes. */
  private List<Long> boundaries(LockTable table, long start, long end) {
    TreeSet<Long> boundaries = new TreeSet<>(List.of(start, end));
    table.addBoundaries(start, end, boundaries);
    for (Piece piece : pieces) {
      for (long boundary : new long[] {piece.start(), piece.end()}) {
        if (boundary > start && boundary < end) {
          boundaries.add(boundary);
        }
      }
    }
    return List.copyOf(boundaries);
  }
}
