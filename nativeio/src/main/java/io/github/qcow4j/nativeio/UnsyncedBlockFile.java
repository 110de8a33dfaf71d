package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A file of {@link UnsyncedVolume}. */
final class UnsyncedBlockFile implements BlockFile {

  private final BlockFile file;

  UnsyncedBlockFile(BlockFile file) {
    this.file = file;
  }

  /** The file that the volume below knows. */
  static BlockFile within(BlockFile file) {
    return file instanceof UnsyncedBlockFile unsynced ? unsynced.file : file;
  }

  @Override
  public Path path() {
    return file.path();
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
    return file.writable();
  }

  @Override
  public long size() throws IOException {
    return file.size();
  }

  @Override
  public long allocatedSize() throws IOException {
    return file.allocatedSize();
  }

  @Override
  public int read(ByteBuffer target, long fileOffset) throws IOException {
    return file.read(target, fileOffset);
  }

  @Override
  public void readPadded(ByteBuffer target, long fileOffset) throws IOException {
    file.readPadded(target, fileOffset);
  }

  @Override
  public void write(ByteBuffer source, long fileOffset) throws IOException {
    file.write(source, fileOffset);
  }

  @Override
  public void truncate(long sizeBytes) throws IOException {
    file.truncate(sizeBytes);
  }

  /** No sync will wait for it; when the kernel stores the data is left to the kernel. */
  @Override
  public boolean startWriteback(long fileOffset, long lengthBytes) {
    return false;
  }

  @Override
  public void sync() {
    // What this volume is for.
  }

  @Override
  public void syncAll() {
    // What this volume is for.
  }

  @Override
  public long nextData(long fileOffset) throws IOException {
    return file.nextData(fileOffset);
  }

  @Override
  public long nextHole(long fileOffset) throws IOException {
    return file.nextHole(fileOffset);
  }

  @Override
  public boolean punchHole(long fileOffset, long lengthBytes) throws IOException {
    return file.punchHole(fileOffset, lengthBytes);
  }

  @Override
  public ZeroMethod writeZeroes(long fileOffset, long lengthBytes, boolean mayPunch)
      throws IOException {
    return file.writeZeroes(fileOffset, lengthBytes, mayPunch);
  }

  @Override
  public boolean preallocate(long fileOffset, long lengthBytes) throws IOException {
    return file.preallocate(fileOffset, lengthBytes);
  }

  @Override
  public boolean reserve(long fileOffset, long lengthBytes) throws IOException {
    return file.reserve(fileOffset, lengthBytes);
  }

  @Override
  public boolean cloneFrom(BlockFile source) throws IOException {
    return file.cloneFrom(within(source));
  }

  @Override
  public boolean cloneRange(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    return file.cloneRange(within(source), sourceOffset, targetOffset, lengthBytes);
  }

  @Override
  public @Nullable List<SharedExtent> sharedExtents(long fileOffset, long lengthBytes)
      throws IOException {
    return file.sharedExtents(fileOffset, lengthBytes);
  }

  @Override
  public boolean canShareWith(BlockFile source) throws IOException {
    return file.canShareWith(within(source));
  }

  @Override
  public CopyResult copyRange(
      BlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    return file.copyRange(within(source), sourceOffset, targetOffset, lengthBytes, ways);
  }

  @Override
  public void advise(AccessPattern pattern, long fileOffset, long lengthBytes) throws IOException {
    file.advise(pattern, fileOffset, lengthBytes);
  }

  @Override
  public int alignment() {
    return file.alignment();
  }

  @Override
  public boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException {
    return file.tryLock(startByte, lengthBytes, mode);
  }

  @Override
  public void unlock(long startByte, long lengthBytes) throws IOException {
    file.unlock(startByte, lengthBytes);
  }

  @Override
  public boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException {
    return file.lockedByOther(startByte, lengthBytes, mode);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
