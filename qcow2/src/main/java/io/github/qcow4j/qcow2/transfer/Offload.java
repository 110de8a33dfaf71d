package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Brings plain bytes of files to a target without reading them: by sharing their storage, or by
 * letting the kernel copy. Which of the ways that will do works from a file is found out by trying;
 * one that it refused is not asked of it again by this job. What cannot be brought is the caller's
 * to read and write. Safe for many threads.
 *
 * <p>Sharing is always worth it: no byte moves. A copy by the kernel is not: within ext4 and tmpfs
 * it goes through the page cache as well. Of 1 GiB, on two processors, it took 0.25 s on ext4 where
 * reading and writing by the megabyte took 0.21 s, on tmpfs 0.46 s by one thread either way, and
 * 0.42 s against 0.33 s by two; and it cannot leave out the zeros among the data. It is for jobs
 * that look for none and for file systems whose server copies.
 */
public final class Offload {

  private static final int BLOCK_BYTES = BlockFile.SHARED_BLOCK_BYTES;

  /** What is tried first: as much as is read at once, so that a refusal costs one call. */
  private static final long TRIAL_BYTES = BlockFile.CALL_BYTES;

  /**
   * The most that is shared by one call, which cannot be cancelled. A file system takes it in time
   * that grows with the number of its extents, not with its bytes: on XFS less than 1 ms for 1 GiB
   * in one piece, 5.8 s where each block is an extent of its own. 100 GiB of large extents take
   * 0.116, 0.090, 0.078, 0.073 and 0.071 s, start included, by 64 MiB, 256 MiB, 1, 4 and 16 GiB.
   */
  private static final long MAX_SHARED_BYTES = 1L << 30;

  /**
   * The most that the kernel copies before the job is asked whether to go on. 1 GiB takes 0.31 s on
   * ext4 by 1, 8, 32, 128 MiB and as a whole.
   */
  private static final long MAX_COPIED_BYTES = 16 << 20;

  private final Copy copy;
  private final int unitBytes;
  private final Set<CopyMethod> ways;
  private final Map<BlockFile, Known> known = new ConcurrentHashMap<>();
  private final LongAdder sharedBytes = new LongAdder();
  private final LongAdder kernelBytes = new LongAdder();
  private final LongAdder userBytes = new LongAdder();

  /** How the target takes bytes of a file. */
  @FunctionalInterface
  public interface Copy {

    /**
     * Copies from the beginning of a range as much as these ways will.
     *
     * @param offset where in the target
     * @param source the file
     * @param sourceOffset where in the file
     * @param lengthBytes how many bytes
     * @param ways which will do
     */
    CopyResult from(
        long offset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
        throws IOException;
  }

  /** Asks where the bytes at an offset stand. */
  @FunctionalInterface
  public interface Places {

    /** Where they stand; null when not as they are, or when they are not wanted. */
    @Nullable FilePlace at(long offset) throws IOException;
  }

  /**
   * What is known of a file.
   *
   * @param ways those that are left
   * @param shares whether sharing is among them and was not refused
   * @param worked whether one has worked
   */
  private record Known(Set<CopyMethod> ways, boolean shares, boolean worked) {

    static final Known NOTHING_LEFT = new Known(Set.of(), false, false);

    Known and(Known other) {
      return ways.isEmpty() || other.ways.isEmpty()
          ? NOTHING_LEFT
          : new Known(ways, shares && other.shares, worked || other.worked);
    }
  }

  /**
   * @param unitBytes what offsets and lengths in the target must be multiples of, a power of two; 0
   *     when it takes nothing
   * @param copy how it takes it
   * @param ways what will do: {@code REFLINK}, {@code KERNEL_COPY}, both, or nothing
   */
  public Offload(int unitBytes, Copy copy, Set<CopyMethod> ways) {
    this.unitBytes = Math.max(1, unitBytes);
    this.copy = copy;
    this.ways = unitBytes == 0 ? Set.of() : ways;
  }

  private Known of(BlockFile file) {
    return known.getOrDefault(file, new Known(ways, ways.contains(CopyMethod.REFLINK), false));
  }

  /** Whether anything can be brought at all. */
  public boolean isPossible() {
    return !ways.isEmpty();
  }

  /** How many bytes of a file are worth a trial at a time; 0 when all of it is to be read. */
  private long maxBytes(BlockFile file) {
    Known state = of(file);
    if (state.ways.isEmpty()) {
      return 0;
    } else if (!state.worked) {
      return Math.max(TRIAL_BYTES, unitBytes);
    }
    return state.shares ? MAX_SHARED_BYTES : Math.max(MAX_COPIED_BYTES, unitBytes);
  }

  /**
   * How many bytes are to be read before a piece can begin that is worth a trial; 0 when it can
   * here.
   *
   * @param offset where in the target
   * @param place where the bytes stand that belong there
   * @return a number of bytes, -1 when nothing of the place can be brought
   */
  public long bytesBefore(long offset, FilePlace place) {
    Set<CopyMethod> left = of(place.file()).ways;
    if (left.isEmpty()) {
      return -1;
    }
    // Where blocks begin elsewhere in the file than in the disk, they never can be shared.
    boolean apart = (offset - place.fileOffset()) % BLOCK_BYTES != 0;
    if (apart && !left.contains(CopyMethod.KERNEL_COPY)) {
      return -1;
    }
    int step = step(left);
    long before = -offset & (step - 1);
    return place.lengthBytes() - before < step ? -1 : before;
  }

  /** Where pieces begin and end: a copy by the kernel takes parts of blocks along. */
  private int step(Set<CopyMethod> left) {
    return left.contains(CopyMethod.KERNEL_COPY) ? unitBytes : Math.max(unitBytes, BLOCK_BYTES);
  }

  /**
   * Neighbours that follow one another in the file as well, as one: as many as one call takes.
   *
   * @param offset where in the target the first one belongs
   * @param first its place
   * @param places asked for what belongs behind it
   */
  public FilePlace joined(long offset, FilePlace first, Places places) throws IOException {
    FilePlace joined = first;
    // What cannot begin here begins within a step or two.
    long enough = maxBytes(first.file()) + 2L * Math.max(unitBytes, BLOCK_BYTES);
    while (joined.lengthBytes() < enough) {
      FilePlace next = places.at(offset + joined.lengthBytes());
      if (next == null || next.lengthBytes() == 0 || !joined.continuedBy(next)) {
        break;
      }
      joined = joined.plus(next);
    }
    return joined;
  }

  /**
   * The piece that begins here and is to be brought by one call of {@link #copy}.
   *
   * @param offset where in the target, at no distance from where a piece {@linkplain #bytesBefore
   *     can begin}
   * @param place where the bytes stand that belong there
   */
  public FilePlace piece(long offset, FilePlace place) {
    Set<CopyMethod> left = of(place.file()).ways;
    // Another thread may have met a refusal meanwhile; then the piece is to be read after all.
    int step = left.isEmpty() ? unitBytes : step(left);
    long most = Math.max(TRIAL_BYTES, maxBytes(place.file()));
    return place.first(Math.min(most, place.lengthBytes()) & -step);
  }

  /**
   * Brings as much of a piece, from its beginning, as can be.
   *
   * @param offset where in the target
   * @param piece what {@link #piece} gave
   * @return how many bytes the target has now; all others are to be read and written
   */
  public long copy(long offset, FilePlace piece) throws IOException {
    Known before = of(piece.file());
    if (before.ways.isEmpty()) {
      return 0;
    }
    CopyResult done =
        copy.from(offset, piece.file(), piece.fileOffset(), piece.lengthBytes(), before.ways);
    sharedBytes.add(done.reflinkBytes());
    kernelBytes.add(done.kernelCopyBytes());
    userBytes.add(done.userCopyBytes());
    // A refusal stays one, whatever another thread had under way.
    known.merge(piece.file(), after(before, offset, piece, done), Known::and);
    return done.totalBytes();
  }

  private Known after(Known before, long offset, FilePlace piece, CopyResult done) {
    if (done.totalBytes() < piece.lengthBytes()) {
      return Known.NOTHING_LEFT;
    }
    boolean wholeBlocks =
        (unitBytes == 1 || unitBytes >= BLOCK_BYTES)
            && (offset - piece.fileOffset()) % BLOCK_BYTES == 0
            && piece.lengthBytes() >= 2 * BLOCK_BYTES;
    boolean refused = wholeBlocks && done.reflinkBytes() == 0;
    // The kernel would share by itself, and may go on trying.
    return refused && !before.ways.contains(CopyMethod.KERNEL_COPY)
        ? Known.NOTHING_LEFT
        : new Known(before.ways, before.shares && !refused, true);
  }

  /** How the bytes came that were brought. */
  public CopyResult result() {
    return new CopyResult(sharedBytes.sum(), kernelBytes.sum(), userBytes.sum());
  }
}
