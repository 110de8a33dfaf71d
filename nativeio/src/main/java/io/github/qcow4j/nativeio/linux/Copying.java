package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.linux.Refusals.Operation;
import io.github.qcow4j.nativeio.support.CopyRefusal;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Copies into one file inside the kernel: by sharing storage, else by {@code copy_file_range(2)}.
 * Any thread may call.
 */
final class Copying {

  /** {@code FICLONE} and {@code FICLONERANGE} of {@code linux/fs.h}. */
  private static final long CLONE = 0x40049409L;

  private static final long CLONE_RANGE = 0x4020940dL;

  /** {@code struct file_clone_range}: source descriptor, source offset, length, target offset. */
  private static final int CLONE_RANGE_BYTES = 32;

  /** What the kernel copies at most in one call ({@code MAX_RW_COUNT}), in whole blocks. */
  private static final long COPY_STEP_BYTES = 1L << 30;

  private final Descriptor target;
  private final Refusals refusals;

  /** What was refused to the target and some other file, and may not be to the next. */
  private final Set<PairRefusal> pairRefusals = ConcurrentHashMap.newKeySet();

  private record PairRefusal(FileIdentity source, Operation operation) {}

  Copying(Descriptor target, Refusals refusals) {
    this.target = target;
    this.refusals = refusals;
  }

  boolean cloneFrom(Descriptor source) throws IOException {
    if (!possible(source, Operation.CLONE)) {
      return false;
    }
    long result = target.calls().ioctl(target.number(), CLONE, source.number());
    if (!done("ioctl", result, source, Operation.CLONE)) {
      return false;
    }
    // FICLONE leaves what the target had past the end of the source.
    long size = source.size();
    if (target.size() > size) {
      target.check("ftruncate", target.calls().ftruncate(target.number(), size));
    }
    return true;
  }

  boolean cloneRange(Descriptor source, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    if (lengthBytes == 0) {
      // To the kernel it would mean "up to the end".
      return true;
    }
    return possible(source, Operation.CLONE)
        && done(
            "ioctl",
            callCloneRange(source, sourceOffset, targetOffset, lengthBytes),
            source,
            Operation.CLONE);
  }

  /**
   * Whether the file systems share at all, found out with a range that none would share: one that
   * can says EINVAL, and nothing has happened ({@code ioctl_ficlonerange(2)}).
   */
  boolean canShareWith(Descriptor source) throws IOException {
    if (!possible(source, Operation.CLONE)) {
      return false;
    }
    long result = callCloneRange(source, 1, 1, 1);
    return result == -Errno.EINVAL.number() || done("ioctl", result, source, Operation.CLONE);
  }

  private long callCloneRange(
      Descriptor source, long sourceOffset, long targetOffset, long lengthBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(CLONE_RANGE_BYTES, Long.BYTES);
      range.setAtIndex(ValueLayout.JAVA_LONG, 0, source.number());
      range.setAtIndex(ValueLayout.JAVA_LONG, 1, sourceOffset);
      range.setAtIndex(ValueLayout.JAVA_LONG, 2, lengthBytes);
      range.setAtIndex(ValueLayout.JAVA_LONG, 3, targetOffset);
      return target.calls().ioctl(target.number(), CLONE_RANGE, range);
    }
  }

  /** Copies as much from the front of the range as the kernel will ({@code copy_file_range(2)}). */
  CopyResult copy(Descriptor source, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    long done = 0;
    if (lengthBytes > 0 && possible(source, Operation.KERNEL_COPY)) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment from = arena.allocateFrom(ValueLayout.JAVA_LONG, sourceOffset);
        MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_LONG, targetOffset);
        while (done < lengthBytes) {
          long step = Math.min(lengthBytes - done, COPY_STEP_BYTES);
          long result =
              target.calls().copyFileRange(source.number(), from, target.number(), to, step);
          if (result <= 0 && !done("copy_file_range", result, source, Operation.KERNEL_COPY)) {
            break;
          } else if (result == 0) {
            // The source ended, or the kernel knows no better: reading will tell.
            break;
          }
          done += result;
        }
      }
    }
    return CopyResult.of(CopyMethod.KERNEL_COPY, done);
  }

  private boolean possible(Descriptor source, Operation operation) {
    return source.kind() == FileKind.REGULAR
        && target.kind() == FileKind.REGULAR
        && !refusals.refused(target.identity().device(), source.identity().device(), operation)
        && !(!pairRefusals.isEmpty()
            && pairRefusals.contains(new PairRefusal(source.identity(), operation)));
  }

  /** Whether it was done; false for what these files, or these ranges, cannot do. */
  private boolean done(String call, long result, Descriptor source, Operation operation)
      throws IOException {
    Errno errno = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
    CopyRefusal refusal = errno == null ? CopyRefusal.NONE : CopyRefusal.of(errno);
    switch (refusal) {
      case LASTING ->
          refusals.remember(target.identity().device(), source.identity().device(), operation);
      case BETWEEN_FILES -> pairRefusals.add(new PairRefusal(source.identity(), operation));
      case PASSING -> {}
      case NONE -> target.check(call, result);
    }
    return refusal == CopyRefusal.NONE;
  }
}
