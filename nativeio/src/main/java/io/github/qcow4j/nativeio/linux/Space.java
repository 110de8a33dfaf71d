package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.ZeroMethod;
import io.github.qcow4j.nativeio.linux.Refusals.Operation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holes, zeroed and reserved ranges of one file ({@code fallocate(2)}, {@code lseek(2)}). What the
 * file system refuses is done the next best way. Any thread may call.
 */
final class Space {

  static final int SEEK_END = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private static final int RESERVE = 0;

  /** {@code FALLOC_FL_KEEP_SIZE}. */
  private static final int KEEP_SIZE = 1;

  /** {@code FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}. */
  private static final int PUNCH_HOLE = 3;

  /** {@code FALLOC_FL_ZERO_RANGE}, which extends the file where needed. */
  private static final int ZERO_RANGE = 0x10;

  private static final int SYNC_FILE_RANGE_WRITE = 2;

  /** Made when the first zeros are written: to make them takes milliseconds. */
  private static final class Zeros {

    private static final MemorySegment SEGMENT =
        Arena.global().allocate(BlockFile.CALL_BYTES, AlignedBuffers.ALIGNMENT_BYTES).asReadOnly();
  }

  private final Descriptor file;
  private final Transfer transfer;
  private final Refusals refusals;

  /**
   * What this file was found not to do. An operation that is not supported ({@code EOPNOTSUPP}) may
   * be so for this file alone: ext4 reserves nothing in a file without extents ({@code chattr(1)},
   * {@code e}), and does in the next one.
   */
  private final Set<Operation> ownRefusals = ConcurrentHashMap.newKeySet();

  Space(Descriptor file, Transfer transfer, Refusals refusals) {
    this.file = file;
    this.transfer = transfer;
    this.refusals = refusals;
  }

  long nextData(long fileOffset) throws IOException {
    if (canSeekData()) {
      long result = file.calls().lseek(file.number(), fileOffset, SEEK_DATA);
      if (!cannotSeekData(result)) {
        return found(result);
      }
    }
    return fileOffset < file.size() ? fileOffset : -1;
  }

  long nextHole(long fileOffset) throws IOException {
    if (canSeekData()) {
      long result = file.calls().lseek(file.number(), fileOffset, SEEK_HOLE);
      if (!cannotSeekData(result)) {
        return found(result);
      }
    }
    long size = file.size();
    return fileOffset < size ? size : -1;
  }

  private boolean canSeekData() {
    return file.kind() == FileKind.REGULAR && !refused(Operation.SEEK_DATA);
  }

  /** A file system from before {@code SEEK_DATA} takes it for an invalid argument. */
  private boolean cannotSeekData(long result) {
    if (result == -Errno.EINVAL.number()) {
      refusals.remember(file.identity().device(), Operation.SEEK_DATA);
    } else if (result == -Errno.EOPNOTSUPP.number()) {
      ownRefusals.add(Operation.SEEK_DATA);
    } else {
      return false;
    }
    return true;
  }

  private long found(long result) throws IOException {
    if (result == -Errno.ENXIO.number()) {
      return -1;
    }
    file.check("lseek", result);
    return result;
  }

  boolean punchHole(long fileOffset, long lengthBytes) throws IOException {
    return lengthBytes == 0 || fallocate(Operation.PUNCH_HOLE, PUNCH_HOLE, fileOffset, lengthBytes);
  }

  boolean preallocate(long fileOffset, long lengthBytes) throws IOException {
    return lengthBytes == 0 || fallocate(Operation.PREALLOCATE, RESERVE, fileOffset, lengthBytes);
  }

  boolean reserve(long fileOffset, long lengthBytes) throws IOException {
    return lengthBytes == 0 || fallocate(Operation.PREALLOCATE, KEEP_SIZE, fileOffset, lengthBytes);
  }

  /** To the kernel an empty range means all that follows. */
  boolean startWriteback(long fileOffset, long lengthBytes) throws IOException {
    if (lengthBytes == 0) {
      return true;
    }
    long result =
        file.calls().syncFileRange(file.number(), fileOffset, lengthBytes, SYNC_FILE_RANGE_WRITE);
    Errno refusal = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
    if (refusal == Errno.ESPIPE || refusal == Errno.EINVAL || refusal == Errno.ENOSYS) {
      return false;
    }
    file.check("sync_file_range", result);
    return true;
  }

  ZeroMethod writeZeroes(long fileOffset, long lengthBytes, boolean mayPunch) throws IOException {
    if (lengthBytes == 0) {
      return ZeroMethod.WRITTEN;
    }
    if (mayPunch && punchHole(fileOffset, lengthBytes)) {
      extendTo(fileOffset + lengthBytes);
      return ZeroMethod.HOLE;
    }
    if (fallocate(Operation.ZERO_RANGE, ZERO_RANGE, fileOffset, lengthBytes)) {
      return ZeroMethod.ZERO_RANGE;
    }
    long done = 0;
    while (done < lengthBytes) {
      long step = Math.min(lengthBytes - done, Zeros.SEGMENT.byteSize());
      transfer.writeSegment(Zeros.SEGMENT, true, step, fileOffset + done);
      done += step;
    }
    return ZeroMethod.WRITTEN;
  }

  /**
   * Makes the file at least this long. Not by {@code ftruncate}: between asking for the length and
   * setting it another thread may have written past it, and would lose that.
   */
  private void extendTo(long endOffset) throws IOException {
    if (file.kind() != FileKind.REGULAR || file.size() >= endOffset) {
      return;
    }
    if (!fallocate(Operation.ZERO_RANGE, ZERO_RANGE, endOffset - 1, 1)) {
      long last = file.direct() ? AlignedBuffers.ALIGNMENT_BYTES : 1;
      transfer.writeSegment(Zeros.SEGMENT, true, last, endOffset - last);
    }
  }

  private boolean fallocate(Operation operation, int mode, long fileOffset, long lengthBytes)
      throws IOException {
    boolean possible = file.kind() == FileKind.REGULAR || file.kind() == FileKind.BLOCK_DEVICE;
    if (!possible || refused(operation)) {
      return false;
    }
    long result = file.calls().fallocate(file.number(), mode, fileOffset, lengthBytes);
    Errno refusal = result < 0 ? Errno.of(Math.toIntExact(-result)) : null;
    if (refusal == Errno.ENOSYS) {
      refusals.remember(file.identity().device(), operation);
      return false;
    } else if (refusal == Errno.EOPNOTSUPP) {
      ownRefusals.add(operation);
      return false;
    } else if (refusal == Errno.EINVAL || refusal == Errno.ENODEV) {
      // This range or this device, for example one not aligned to the device's blocks.
      return false;
    }
    file.check("fallocate", result);
    return true;
  }

  private boolean refused(Operation operation) {
    return (!ownRefusals.isEmpty() && ownRefusals.contains(operation))
        || refusals.refused(file.identity().device(), operation);
  }
}
