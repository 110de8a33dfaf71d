package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.ZeroMethod;
import io.github.qcow4j.nativeio.simulator.Faults.Outcome;
import io.github.qcow4j.nativeio.support.Arguments;
import io.github.qcow4j.nativeio.support.CopyRefusal;
import io.github.qcow4j.nativeio.support.LockTable;
import io.github.qcow4j.nativeio.support.SyncRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.Set;

/**
 * An opening of a file of a {@link SimulatedVolume}, whose lock every call holds. As long as {@link
 * BlockFile} has methods, each a few lines around what {@link Inode} does.
 */
final class SimulatedBlockFile implements BlockFile {

  private static final int DIRECT_ALIGNMENT_BYTES = 4096;

  private static final int SECTOR_BYTES = 512;

  private final SimulatedVolume volume;
  private final Inode inode;
  private final Path path;
  private final boolean writable;
  private final boolean direct;
  private final Throwable opened;
  private final SyncRecord syncs = new SyncRecord();
  private boolean closed;

  SimulatedBlockFile(SimulatedVolume volume, Inode inode, Path path, OpenOptions options) {
    this.volume = volume;
    this.inode = inode;
    this.path = path;
    this.writable = options.access() != OpenOptions.Access.READ;
    this.direct = options.directIo() && volume.can(Capability.DIRECT_IO);
    // Recording volumes are few; crash states are many, and short of time.
    this.opened = volume.options().recording() ? new Throwable("opened here: " + path) : NOWHERE;
  }

  private static final Throwable NOWHERE = new Throwable("opened on a volume that does not record");

  Inode inode() {
    return inode;
  }

  Throwable opened() {
    return opened;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public FileIdentity identity() {
    return volume.identity(inode);
  }

  @Override
  public FileKind kind() {
    return inode.kind;
  }

  @Override
  public boolean writable() {
    return writable;
  }

  private Outcome enter(String call) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    }
    return volume.faults().next(call);
  }

  private void enterWhole(String call) throws IOException {
    enter(call).check(call, path);
  }

  private void mustBeWritable(String call, Errno refusal) throws IOException {
    if (!writable) {
      throw refusal.exception(call, path.toString());
    }
  }

  private void mustHavePositions(String call, Errno refusal) throws IOException {
    if (inode.kind == FileKind.FIFO) {
      throw refusal.exception(call, path.toString());
    }
  }

  private void mustBeAligned(String call, long offset, long length) throws IOException {
    if (direct && (offset % DIRECT_ALIGNMENT_BYTES != 0 || length % DIRECT_ALIGNMENT_BYTES != 0)) {
      throw Errno.EINVAL.exception(call, path.toString());
    }
  }

  @Override
  public long size() throws IOException {
    synchronized (volume) {
      enterWhole("statx");
      return inode.fileBytes();
    }
  }

  @Override
  public long allocatedSize() throws IOException {
    synchronized (volume) {
      enterWhole("statx");
      return inode.content.allocatedPages() * Page.BYTES;
    }
  }

  @Override
  public int read(ByteBuffer target, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    Arguments.checkWritable(target);
    synchronized (volume) {
      Outcome outcome = enter("pread");
      mustHavePositions("pread", Errno.ESPIPE);
      mustBeAligned("pread", fileOffset, target.remaining());
      outcome.check("pread", path);
      return inode.content.read(target, fileOffset);
    }
  }

  @Override
  public void write(ByteBuffer source, long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    synchronized (volume) {
      Outcome outcome = enter("pwrite");
      mustBeWritable("pwrite", Errno.EBADF);
      mustBeAligned("pwrite", fileOffset, source.remaining());
      if (inode.kind == FileKind.FIFO) {
        stream(source, outcome);
        return;
      }
      int start = source.position();
      if (outcome.cut()) {
        writePart(source, halfInSectors(fileOffset, source.remaining()), fileOffset);
        outcome.check("pwrite", path);
      }
      writePart(source, source.remaining(), fileOffset + source.position() - start);
    }
  }

  /** Passes bytes on, one behind the other; a failing write has passed on its first half before. */
  private void stream(ByteBuffer source, Outcome outcome) throws IOException {
    if (outcome.cut()) {
      append(source, source.remaining() / 2);
      outcome.check("write", path);
    }
    append(source, source.remaining());
  }

  private void append(ByteBuffer source, int lengthBytes) {
    Content sent = inode.content;
    Change.write(sent, source, lengthBytes, sent.size()).apply(sent);
    source.position(source.position() + lengthBytes);
  }

  /** What of a write comes through when it is cut; no sector is ever cut itself. */
  private static int halfInSectors(long fileOffset, int lengthBytes) {
    long middle = (fileOffset + lengthBytes / 2) / SECTOR_BYTES * SECTOR_BYTES;
    return (int) Math.max(0, middle - fileOffset);
  }

  private void writePart(ByteBuffer source, int lengthBytes, long fileOffset) throws IOException {
    int fitting = fitting(fileOffset, lengthBytes);
    if (fitting > 0) {
      make(Change.write(inode.content, source, fitting, fileOffset));
      source.position(source.position() + fitting);
    }
    if (fitting < lengthBytes) {
      throw Errno.ENOSPC.exception("pwrite", path.toString());
    }
  }

  /** How much of a range there is storage for. */
  private int fitting(long fileOffset, int lengthBytes) {
    long free = volume.freePages();
    if (free > lengthBytes / Page.BYTES + 2) {
      return lengthBytes;
    }
    long end = fileOffset + lengthBytes;
    for (long index = fileOffset / Page.BYTES; index * Page.BYTES < end; index++) {
      if (volume.needsRoom(inode.content.page(index))) {
        if (free <= 0) {
          return (int) Math.max(0, index * Page.BYTES - fileOffset);
        }
        free--;
      }
    }
    return lengthBytes;
  }

  private void make(Change change) throws IOException {
    if (!volume.takePages(Change.growth(inode.content, change))) {
      throw Errno.ENOSPC.exception("fallocate", path.toString());
    }
    change.apply(inode.content);
    volume.record(new Event.Data(inode.number, change));
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    Arguments.checkOffset(sizeBytes);
    synchronized (volume) {
      enterWhole("ftruncate");
      mustBeWritable("ftruncate", Errno.EINVAL);
      long before = inode.content.allocatedPages();
      Change change = new Change.Resize(sizeBytes);
      change.apply(inode.content);
      volume.takePages(inode.content.allocatedPages() - before);
      volume.record(new Event.Data(inode.number, change));
    }
  }

  @Override
  public void sync() throws IOException {
    sync("fdatasync");
  }

  @Override
  public void syncAll() throws IOException {
    sync("fsync");
  }

  private void sync(String call) throws IOException {
    synchronized (volume) {
      syncs.run(() -> {
        Outcome outcome = enter(call);
        mustHavePositions(call, Errno.EINVAL);
        if (outcome.errno() != null) {
          volume.record(new Event.FileSyncFailed(inode.number, path.toString()));
        }
        outcome.check(call, path);
        volume.record(new Event.FileSynced(inode.number, path.toString()));
      });
    }
  }

  @Override
  public long nextData(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    synchronized (volume) {
      enterWhole("lseek");
      long size = inode.content.size();
      if (fileOffset >= size) {
        return -1;
      } else if (!volume.can(Capability.SEEK_DATA)) {
        return fileOffset;
      }
      long page = inode.content.nextPage(fileOffset / Page.BYTES);
      return page < 0 || page * Page.BYTES >= size ? -1 : Math.max(fileOffset, page * Page.BYTES);
    }
  }

  @Override
  public long nextHole(long fileOffset) throws IOException {
    Arguments.checkOffset(fileOffset);
    synchronized (volume) {
      enterWhole("lseek");
      long size = inode.content.size();
      if (fileOffset >= size) {
        return -1;
      } else if (!volume.can(Capability.SEEK_DATA)) {
        return size;
      }
      long page = fileOffset / Page.BYTES;
      while (page * Page.BYTES < size && !inode.content.page(page).isHole()) {
        page++;
      }
      return Math.min(size, Math.max(fileOffset, page * Page.BYTES));
    }
  }

  @Override
  public boolean punchHole(long fileOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    synchronized (volume) {
      enterWhole("fallocate");
      mustBeWritable("fallocate", Errno.EBADF);
      if (lengthBytes > 0 && !volume.can(Capability.FALLOCATE)) {
        return false;
      }
      make(Change.zero(inode.content, fileOffset, lengthBytes, Page.HOLE, false));
      return true;
    }
  }

  @Override
  public ZeroMethod writeZeroes(long fileOffset, long lengthBytes, boolean mayPunch)
      throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    synchronized (volume) {
      Outcome outcome = enter("fallocate");
      mustBeWritable("fallocate", Errno.EBADF);
      if (inode.kind == FileKind.FIFO) {
        stream(ByteBuffer.allocate(Math.toIntExact(lengthBytes)), outcome);
        return ZeroMethod.WRITTEN;
      }
      outcome.check("fallocate", path);
      if (lengthBytes == 0) {
        return ZeroMethod.WRITTEN;
      }
      boolean can = volume.can(Capability.FALLOCATE);
      Page whole = can && mayPunch ? Page.HOLE : Page.ZEROS;
      make(Change.zero(inode.content, fileOffset, lengthBytes, whole, true));
      if (!can) {
        return ZeroMethod.WRITTEN;
      }
      return mayPunch ? ZeroMethod.HOLE : ZeroMethod.ZERO_RANGE;
    }
  }

  @Override
  public boolean preallocate(long fileOffset, long lengthBytes) throws IOException {
    return reserve(fileOffset, lengthBytes, true);
  }

  @Override
  public boolean reserve(long fileOffset, long lengthBytes) throws IOException {
    return reserve(fileOffset, lengthBytes, false);
  }

  private boolean reserve(long fileOffset, long lengthBytes, boolean lengthens) throws IOException {
    Arguments.checkRange(fileOffset, lengthBytes);
    synchronized (volume) {
      enterWhole("fallocate");
      mustBeWritable("fallocate", Errno.EBADF);
      if (lengthBytes > 0 && !volume.can(Capability.FALLOCATE)) {
        return false;
      }
      if (lengthBytes > 0) {
        make(Change.reserve(inode.content, fileOffset, lengthBytes, lengthens));
      }
      return true;
    }
  }

  @Override
  public boolean cloneFrom(BlockFile source) throws IOException {
    synchronized (volume) {
      if (!(source instanceof SimulatedBlockFile other)
          || !cloneRange(other, 0, 0, other.inode.content.size())) {
        return false;
      }
      if (inode.content.size() > other.inode.content.size()) {
        truncate(other.inode.content.size());
      }
      return true;
    }
  }

  @Override
  public boolean cloneRange(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    Arguments.checkRange(sourceOffset, lengthBytes);
    Arguments.checkRange(targetOffset, lengthBytes);
    synchronized (volume) {
      if (!allowed("ioctl") || !canShareWith(source)) {
        return false;
      }
      SimulatedBlockFile other = (SimulatedBlockFile) source;
      long sourceSize = other.inode.content.size();
      long end = sourceOffset + lengthBytes;
      boolean wholePages = lengthBytes % Page.BYTES == 0;
      boolean toTheEnd = end == sourceSize && targetOffset + lengthBytes >= inode.content.size();
      if (sourceOffset % Page.BYTES != 0
          || targetOffset % Page.BYTES != 0
          || end > sourceSize
          || !(wholePages || toTheEnd)) {
        return false;
      }
      if (lengthBytes > 0) {
        make(Change.share(other.inode.content, sourceOffset, targetOffset, lengthBytes));
      }
      return true;
    }
  }

  @Override
  public boolean canShareWith(BlockFile source) throws IOException {
    synchronized (volume) {
      return isOpenBeside(source) && volume.can(Capability.CLONE_RANGE);
    }
  }

  private boolean isOpenBeside(BlockFile source) throws IOException {
    if (closed) {
      throw new ClosedChannelException();
    } else if (!(source instanceof SimulatedBlockFile other) || other.volume != volume) {
      return false;
    } else if (other.closed) {
      throw new ClosedChannelException();
    }
    return true;
  }

  /** Counts a call that shares or copies; false when it is refused, as the kernel would. */
  private boolean allowed(String call) throws IOException {
    Errno errno = enter(call).errno();
    if (errno != null && CopyRefusal.of(errno) == CopyRefusal.NONE) {
      throw errno.exception(call, path.toString());
    }
    mustBeWritable(call, Errno.EBADF);
    return errno == null;
  }

  @Override
  public CopyResult copyRange(
      BlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    long whole = lengthBytes / Page.BYTES * Page.BYTES;
    boolean shared =
        ways.contains(CopyMethod.REFLINK)
            && whole > 0
            && source.size() >= sourceOffset + whole
            && cloneRange(source, sourceOffset, targetOffset, whole);
    CopyResult result = CopyResult.of(CopyMethod.REFLINK, shared ? whole : 0);
    long done = result.totalBytes();
    if (ways.contains(CopyMethod.KERNEL_COPY)
        && (ways.contains(CopyMethod.REFLINK) || !canShareWith(source))) {
      result =
          result.plus(
              copyInKernel(source, sourceOffset + done, targetOffset + done, lengthBytes - done));
      done = result.totalBytes();
    }
    return result.plus(
        BlockFile.super.copyRange(
            source, sourceOffset + done, targetOffset + done, lengthBytes - done, ways));
  }

  private CopyResult copyInKernel(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    synchronized (volume) {
      if (lengthBytes == 0
          || !isOpenBeside(source)
          || !volume.can(Capability.KERNEL_COPY)
          || !allowed("copy_file_range")) {
        return CopyResult.NONE;
      }
      Content from = ((SimulatedBlockFile) source).inode.content;
      long there = Math.clamp(from.size() - sourceOffset, 0, lengthBytes);
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(there));
      from.read(bytes, sourceOffset);
      int fitting = fitting(targetOffset, bytes.flip().remaining());
      if (fitting > 0) {
        make(Change.write(inode.content, bytes, fitting, targetOffset));
      }
      return CopyResult.of(CopyMethod.KERNEL_COPY, fitting);
    }
  }

  @Override
  public int alignment() {
    return direct ? DIRECT_ALIGNMENT_BYTES : 1;
  }

  @Override
  public boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    synchronized (volume) {
      enterWhole("fcntl");
      if (mode == LockMode.EXCLUSIVE) {
        mustBeWritable("fcntl", Errno.EBADF);
      }
      LockTable table = volume.locks(inode);
      long end = startByte + lengthBytes;
      if (table.conflicts(this, startByte, end, mode)) {
        return false;
      }
      volume.setLocks(inode, table.with(this, startByte, end, mode));
      return true;
    }
  }

  @Override
  public void unlock(long startByte, long lengthBytes) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    synchronized (volume) {
      enterWhole("fcntl");
      LockTable table = volume.locks(inode);
      volume.setLocks(inode, table.with(this, startByte, startByte + lengthBytes, null));
    }
  }

  @Override
  public boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException {
    Arguments.checkLockRange(startByte, lengthBytes);
    synchronized (volume) {
      enterWhole("fcntl");
      return volume.locks(inode).conflicts(this, startByte, startByte + lengthBytes, mode);
    }
  }

  @Override
  public void close() {
    synchronized (volume) {
      if (!closed) {
        closed = true;
        volume.closed(this, inode);
      }
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
