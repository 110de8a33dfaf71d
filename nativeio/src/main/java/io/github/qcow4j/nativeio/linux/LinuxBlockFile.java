package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.AccessPattern;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.SharedExtent;
import io.github.qcow4j.nativeio.ZeroMethod;
import io.github.qcow4j.nativeio.support.Arguments;
import io.github.qcow4j.nativeio.support.CallGate;
import io.github.qcow4j.nativeio.support.SyncRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A descriptor of its own from {@code open(2)}; every call passes its gate. */
final class LinuxBlockFile implements BlockFile {

  private final Descriptor descriptor;
  private final boolean writable;
  private final int alignment;
  private final Refusals refusals;
  private final CallGate gate = new CallGate();
  private final SyncRecord syncs = new SyncRecord();
  private final Transfer transfer;
  private final Space space;
  private final ExtentMap extents;
  private final RangeLocks locks;
  private final FileCopies copies;

  /** Of a descriptor that the {@link Refusals} count as open; closing it counts it out. */
  LinuxBlockFile(Descriptor descriptor, boolean writable, int alignment, Refusals refusals) {
    this.descriptor = descriptor;
    this.writable = writable;
    this.alignment = alignment;
    this.refusals = refusals;
    this.copies = new FileCopies(this, new Copying(descriptor, refusals));
    this.transfer = new Transfer(descriptor);
    this.space = new Space(descriptor, transfer, refusals);
    this.extents = new ExtentMap(descriptor);
    this.locks = new RangeLocks(descriptor);
  }

  Descriptor descriptor() {
    return descriptor;
  }

  CallGate gate() {
    return gate;
  }

  @Override
  public Path path() {
    return descriptor.path();
  }

  @Override
  public FileIdentity identity() {
    return descriptor.identity();
  }

  @Override
  public FileKind kind() {
    return descriptor.kind();
  }

  @Override
  public boolean writable() {
    return writable;
  }

  /** What the kernel would say, also where it is not asked because it refused before. */
  void checkWritable(String call) throws IOException {
    if (!writable) {
      throw Errno.EBADF.exception(call, descriptor.path().toString());
    }
  }

  @Override
  public long size() throws IOException {
    gate.enter();
    try {
      return descriptor.size();
    } finally {
      gate.exit();
    }
  }

  @Override
  public long allocatedSize() throws IOException {
    gate.enter();
    try {
      return descriptor.statx().allocatedBytes();
    } finally {
      gate.exit();
    }
  }

  @Override
  public int read(ByteBuffer target, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    gate.enter();
    try {
      return transfer.read(target, fileOffset);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void write(ByteBuffer source, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    gate.enter();
    try {
      transfer.write(source, fileOffset);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    Arguments.checkOffset(sizeBytes);
    gate.enter();
    try {
      descriptor.check("ftruncate", descriptor.calls().ftruncate(descriptor.number(), sizeBytes));
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean startWriteback(long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      return space.startWriteback(fileOffset, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void sync() throws IOException {
    gate.enter();
    try {
      syncs.run(() -> checkSync("fdatasync", descriptor.calls().fdatasync(descriptor.number())));
    } finally {
      gate.exit();
    }
  }

  @Override
  public void syncAll() throws IOException {
    gate.enter();
    try {
      syncs.run(() -> checkSync("fsync", descriptor.calls().fsync(descriptor.number())));
    } finally {
      gate.exit();
    }
  }

  /** What is neither a file nor a disk has nothing to make durable, and answers EINVAL. */
  private void checkSync(String call, long result) throws IOException {
    boolean stored = kind() == FileKind.REGULAR || kind() == FileKind.BLOCK_DEVICE;
    if (stored || result != -Errno.EINVAL.number()) {
      descriptor.check(call, result);
    }
  }

  @Override
  public long nextData(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    gate.enter();
    try {
      return space.nextData(fileOffset);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long nextHole(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    gate.enter();
    try {
      return space.nextHole(fileOffset);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean punchHole(long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      checkWritable("fallocate");
      return space.punchHole(fileOffset, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public ZeroMethod writeZeroes(long fileOffset, long lengthBytes, boolean mayPunch)
      throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      checkWritable("fallocate");
      return space.writeZeroes(fileOffset, lengthBytes, mayPunch);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean preallocate(long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      checkWritable("fallocate");
      return space.preallocate(fileOffset, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean reserve(long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      checkWritable("fallocate");
      return space.reserve(fileOffset, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean cloneFrom(BlockFile source) throws IOException {
    return source instanceof LinuxBlockFile other && copies.cloneFrom(other);
  }

  @Override
  public boolean cloneRange(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(sourceOffset, lengthBytes);
    Arguments.checkRange(targetOffset, lengthBytes);
    return source instanceof LinuxBlockFile other
        && copies.cloneRange(other, sourceOffset, targetOffset, lengthBytes);
  }

  @Override
  public @Nullable List<SharedExtent> sharedExtents(long fileOffset, long lengthBytes)
      throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      return extents.shared(fileOffset, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean canShareWith(BlockFile source) throws IOException {
    return source instanceof LinuxBlockFile other && copies.canShareWith(other);
  }

  @Override
  public CopyResult copyRange(
      BlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    Arguments.checkRange(sourceOffset, lengthBytes);
    Arguments.checkRange(targetOffset, lengthBytes);
    return source instanceof LinuxBlockFile other
        ? copies.copy(other, sourceOffset, targetOffset, lengthBytes, ways)
        : readAndWrite(source, sourceOffset, targetOffset, lengthBytes, ways);
  }

  /** Copies without the kernel's help, if that is one of the ways. */
  CopyResult readAndWrite(
      BlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    return BlockFile.super.copyRange(source, sourceOffset, targetOffset, lengthBytes, ways);
  }

  @Override
  public void advise(AccessPattern pattern, long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      int advice =
          switch (pattern) {
            case NORMAL -> 0;
            case RANDOM -> 1;
            case SEQUENTIAL -> 2;
            case WILL_NEED -> 3;
            case DONT_NEED -> 4;
          };
      // Advice that a file has no use for, as a FIFO has none, is not an error.
      descriptor.calls().fadvise(descriptor.number(), fileOffset, lengthBytes, advice);
    } finally {
      gate.exit();
    }
  }

  @Override
  public int alignment() {
    return alignment;
  }

  @Override
  public boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      return locks.tryLock(startByte, lengthBytes, mode);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void unlock(long startByte, long lengthBytes) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      locks.unlock(startByte, lengthBytes);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      return locks.lockedByOther(startByte, lengthBytes, mode);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void close() throws IOException {
    if (gate.close()) {
      refusals.closing(descriptor.identity().device());
      long result = descriptor.calls().close(descriptor.number());
      // The descriptor is gone whatever close(2) says, and EINTR tells nothing about the data.
      if (result != -Errno.EINTR.number()) {
        descriptor.check("close", result);
      }
    }
  }

  @Override
  public String toString() {
    return descriptor.path().toString();
  }
}
