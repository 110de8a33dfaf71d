package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.linux.Refusals.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  /** The block size that nearly all sharing file systems have; others refuse what is not theirs. */
  private static final int BLOCK_BYTES = 4096;

  /** What the kernel copies at most in one call ({@code MAX_RW_COUNT}), in whole blocks. */
  private static final long COPY_STEP_BYTES = 1L << 30;

  private final Descriptor target;
  private final Refusals refusals;

  Copying(Descriptor target, Refusals refusals) {
    this.target = target;
    this.refusals = refusals;
  }

  boolean cloneFrom(Descriptor source) throws IOException {
    if (!possible(source, Operation.CLONE)) {
      return false;
    }
    long result;
    do {
      result = target.calls().ioctl(target.number(), CLONE, source.number());
    } while (result == -Errno.EINTR.number());
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
    } else if (!possible(source, Operation.CLONE)) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(CLONE_RANGE_BYTES, Long.BYTES);
      range.setAtIndex(ValueLayout.JAVA_LONG, 0, source.number());
      range.setAtIndex(ValueLayout.JAVA_LONG, 1, sourceOffset);
      range.setAtIndex(ValueLayout.JAVA_LONG, 2, lengthBytes);
      range.setAtIndex(ValueLayout.JAVA_LONG, 3, targetOffset);
      long result;
      do {
        result = target.calls().ioctl(target.number(), CLONE_RANGE, range);
      } while (result == -Errno.EINTR.number());
      return done("ioctl", result, source, Operation.CLONE);
    }
  }

  /** Copies as much from the front of the range as the kernel will, whole blocks by sharing. */
  CopyResult copyInKernel(Descriptor source, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    long head = Math.min(lengthBytes, (BLOCK_BYTES - sourceOffset % BLOCK_BYTES) % BLOCK_BYTES);
    long middle = (lengthBytes - head) / BLOCK_BYTES * BLOCK_BYTES;
    boolean congruent = sourceOffset % BLOCK_BYTES == targetOffset % BLOCK_BYTES;
    if (!congruent || middle == 0 || !possible(source, Operation.CLONE)) {
      return copy(source, sourceOffset, targetOffset, lengthBytes);
    }
    CopyResult result = copy(source, sourceOffset, targetOffset, head);
    if (result.totalBytes() < head) {
      return result;
    }
    middle = Math.min(middle, blocksBefore(source.size(), sourceOffset + head));
    if (middle > 0 && cloneRange(source, sourceOffset + head, targetOffset + head, middle)) {
      result = result.plus(CopyResult.of(CopyMethod.REFLINK, middle));
    }
    long done = result.totalBytes();
    return result.plus(copy(source, sourceOffset + done, targetOffset + done, lengthBytes - done));
  }

  private static long blocksBefore(long end, long offset) {
    return Math.max(0, end - offset) / BLOCK_BYTES * BLOCK_BYTES;
  }

  private CopyResult copy(Descriptor source, long sourceOffset, long targetOffset, long lengthBytes)
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
          if (result == -Errno.EINTR.number()) {
            continue;
          } else if (result <= 0
              && !done("copy_file_range", result, source, Operation.KERNEL_COPY)) {
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
        && !refusals.refused(target.identity().device(), source.identity().device(), operation);
  }

  /** Whether it was done; false for what these files, or these ranges, cannot do. */
  private boolean done(String call, long result, Descriptor source, Operation operation)
      throws IOException {
    Errno refusal = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
    if (refusal == Errno.EOPNOTSUPP
        || refusal == Errno.ENOTTY
        || refusal == Errno.ENOSYS
        || refusal == Errno.EXDEV) {
      refusals.remember(target.identity().device(), source.identity().device(), operation);
      return false;
    } else if (refusal == Errno.EINVAL || refusal == Errno.ETXTBSY) {
      return false;
    }
    target.check(call, result);
    return true;
  }
}
