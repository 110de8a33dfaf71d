package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.ZeroMethod;
import io.github.qcow4j.nativeio.support.Arguments;
import io.github.qcow4j.nativeio.support.CallGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** One opening of a {@link SharedFile}, which owns the locks taken through it. */
final class PortableBlockFile implements BlockFile {

  private final OpenFiles registry;
  private final SharedFile file;
  private final Path path;
  private final boolean writable;
  private final CallGate gate = new CallGate();

  PortableBlockFile(OpenFiles registry, SharedFile file, Path path, boolean writable) {
    this.registry = registry;
    this.file = file;
    this.path = path;
    this.writable = writable;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public FileIdentity identity() {
    return file.identity();
  }

  @Override
  public FileKind kind() {
    return file.kind();
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public long size() throws IOException {
    gate.enter();
    try {
      return currentSize();
    } finally {
      gate.exit();
    }
  }

  private long currentSize() throws IOException {
    return switch (file.kind()) {
      case REGULAR, BLOCK_DEVICE -> {
        try {
          yield file.reading().channel().size();
        } catch (IOException e) {
          throw Failures.translate("fstat", e, path);
        }
      }
      default -> 0;
    };
  }

  @Override
  public long allocatedSize() throws IOException {
    return size();
  }

  @Override
  public int read(ByteBuffer target, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    Arguments.checkWritable(target);
    gate.enter();
    try {
      return target.hasRemaining() ? file.reading().read(target, fileOffset) : 0;
    } finally {
      gate.exit();
    }
  }

  @Override
  public void write(ByteBuffer source, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    gate.enter();
    try {
      if (source.hasRemaining()) {
        writing("pwrite").write(source, fileOffset);
      }
    } finally {
      gate.exit();
    }
  }

  private DataChannel writing(String call) throws IOException {
    if (!writable) {
      Errno refusal = call.equals("ftruncate") ? Errno.EINVAL : Errno.EBADF;
      throw refusal.exception(call, path.toString());
    }
    return file.writing();
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    Arguments.checkOffset(sizeBytes);
    gate.enter();
    try {
      DataChannel channel = writing("ftruncate");
      if (sizeBytes > currentSize()) {
        // java.nio can only shorten: one byte too many, then without it, and no storage is used.
        channel.write(ByteBuffer.allocateDirect(1), sizeBytes);
      }
      try {
        channel.channel().truncate(sizeBytes);
      } catch (IOException e) {
        throw Failures.translate("ftruncate", e, path);
      }
    } finally {
      gate.exit();
    }
  }

  @Override
  public void sync() throws IOException {
    force("fdatasync", false);
  }

  @Override
  public void syncAll() throws IOException {
    force("fsync", true);
  }

  /** On the channel that writes, if any: what it wrote is what there is to be synced. */
  private void force(String call, boolean metadata) throws IOException {
    gate.enter();
    try {
      DataChannel channel = file.hasWriting() ? file.writing() : file.reading();
      channel.sync(call, metadata);
    } finally {
      gate.exit();
    }
  }

  @Override
  public long nextData(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    return fileOffset < size() ? fileOffset : -1;
  }

  @Override
  public long nextHole(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    long size = size();
    return fileOffset < size ? size : -1;
  }

  @Override
  public boolean punchHole(long fileOffset, long lengthBytes) throws IOException {
    return cannot("fallocate", fileOffset, lengthBytes);
  }

  @Override
  public boolean preallocate(long fileOffset, long lengthBytes) throws IOException {
    return cannot("fallocate", fileOffset, lengthBytes);
  }

  @Override
  public boolean reserve(long fileOffset, long lengthBytes) throws IOException {
    return cannot("fallocate", fileOffset, lengthBytes);
  }

  private boolean cannot(String call, long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    gate.enter();
    try {
      writing(call);
      return lengthBytes == 0;
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
      DataChannel channel = writing("pwrite");
      long end = fileOffset + lengthBytes;
      boolean regular = file.kind() == FileKind.REGULAR;
      long size = currentSize();
      if (mayPunch && regular && lengthBytes > 0 && fileOffset >= size) {
        // Nothing is there yet: the last byte makes the file long enough, the rest is a hole.
        channel.write(ByteBuffer.allocateDirect(1), end - 1);
        return ZeroMethod.HOLE;
      }
      ByteBuffer zeros =
          ByteBuffer.allocateDirect((int) Math.min(CALL_BYTES, Math.max(lengthBytes, 1)));
      for (long next = fileOffset; next < end; next += zeros.limit()) {
        zeros.clear().limit((int) Math.min(zeros.capacity(), end - next));
        channel.write(zeros, next);
      }
      return ZeroMethod.WRITTEN;
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      if (mode == LockMode.EXCLUSIVE && !writable) {
        throw Errno.EBADF.exception("fcntl", path.toString());
      }
      return file.tryLock(this, startByte, startByte + lengthBytes, mode);
    } catch (IOException e) {
      throw Failures.translate("fcntl", e, path);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void unlock(long startByte, long lengthBytes) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      file.unlock(this, startByte, startByte + lengthBytes);
    } catch (IOException e) {
      throw Failures.translate("fcntl", e, path);
    } finally {
      gate.exit();
    }
  }

  @Override
  public boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    gate.enter();
    try {
      return file.lockedByOther(this, startByte, startByte + lengthBytes, mode);
    } catch (IOException e) {
      throw Failures.translate("fcntl", e, path);
    } finally {
      gate.exit();
    }
  }

  @Override
  public void close() throws IOException {
    if (gate.close()) {
      try {
        file.unlock(this, 0, Long.MAX_VALUE);
      } finally {
        registry.leave(file);
      }
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
