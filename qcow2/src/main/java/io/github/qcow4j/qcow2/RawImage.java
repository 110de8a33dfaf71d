package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.Storage;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A raw image: the guest's bytes as they are, in a file or on a block device. A file whose length
 * is not a multiple of 512 is a disk of the next larger one, zeros at its end, as for QEMU.
 *
 * <p>Where nobody said that it is raw, a change after which it would look like an image of some
 * format is refused, as QEMU refuses it: with a {@link
 * io.github.qcow4j.nativeio.SystemCallException} for {@code EPERM}.
 */
public final class RawImage implements DiskImage {

  private final BlockFile file;
  private final boolean writable;
  private final @Nullable GuessedStart guessed;
  private volatile long fileBytes;

  /**
   * The last data found, while nothing is written here: in the page cache of tmpfs the kernel
   * visits every page up to the next hole, and whoever asks in small steps would pay for the whole
   * file each time. Comparing 1 GiB with a qcow2 image took 2.0 s that way. That somebody else
   * makes a hole of it meanwhile does no harm, for a hole is read as zeros like any other data.
   */
  private volatile DataRun lastData = new DataRun(0, 0);

  /** Data from one offset of the file to another. */
  private record DataRun(long start, long end) {

    boolean covers(long offset) {
      return start <= offset && offset < end;
    }
  }

  /**
   * @param guessed whether nobody said that it is raw
   */
  RawImage(BlockFile file, boolean writable, boolean guessed) throws IOException {
    this.file = file;
    this.writable = writable;
    this.guessed = guessed ? new GuessedStart(file) : null;
    this.fileBytes = file.size();
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public ImageFormat format() {
    return ImageFormat.RAW;
  }

  @Override
  public long virtualSize() {
    return (fileBytes + 511) & -512L;
  }

  @Override
  public @Nullable DiskImage backing() {
    return null;
  }

  @Override
  public BlockFile dataFile() {
    return file;
  }

  @Override
  public void read(long guestOffset, ByteBuffer target) throws IOException {
    Objects.checkFromIndexSize(guestOffset, target.remaining(), virtualSize());
    file.readPadded(target, guestOffset);
  }

  @Override
  public Extent extentAt(long guestOffset, long maxBytes) throws IOException {
    Objects.checkIndex(guestOffset, virtualSize());
    long limit = Math.min(maxBytes, virtualSize() - guestOffset);
    if (guestOffset >= fileBytes) {
      return new Extent(guestOffset, limit, 0, Extent.Kind.ZERO, guestOffset);
    }
    DataRun run = lastData;
    if (writable || !run.covers(guestOffset)) {
      long data = file.nextData(guestOffset);
      if (data != guestOffset) {
        long holeBytes = data < 0 ? limit : Math.min(limit, data - guestOffset);
        return new Extent(guestOffset, holeBytes, 0, Extent.Kind.ZERO, guestOffset);
      }
      run = dataFrom(guestOffset);
      lastData = run;
    }
    return new Extent(
        guestOffset, Math.min(limit, run.end - guestOffset), 0, Extent.Kind.DATA, guestOffset);
  }

  private DataRun dataFrom(long guestOffset) throws IOException {
    long hole = file.nextHole(guestOffset);
    // The zeros that round the disk up to a whole sector belong to the data before them.
    return new DataRun(guestOffset, hole < 0 || hole >= fileBytes ? virtualSize() : hole);
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public void write(long guestOffset, ByteBuffer source) throws IOException {
    requireRange(guestOffset, source.remaining());
    long end = guestOffset + source.remaining();
    guarded(
        guestOffset,
        source.remaining(),
        part -> part.put(source.slice(source.position(), part.remaining())),
        () -> file.write(source, guestOffset));
    grownTo(end);
  }

  /** Does what it is to do to the file. */
  @FunctionalInterface
  private interface Action {
    void run() throws IOException;
  }

  /** Changes a range; of a disk whose format was guessed, the first sector with care. */
  private void guarded(
      long guestOffset, long lengthBytes, GuessedStart.Change change, Action action)
      throws IOException {
    if (guessed == null || !GuessedStart.isTouchedBy(guestOffset, lengthBytes)) {
      action.run();
      return;
    }
    // One at a time, for two that are harmless may not be so together.
    synchronized (guessed) {
      guessed.require(guestOffset, lengthBytes, change);
      action.run();
    }
  }

  @Override
  public int copyUnitBytes() {
    return 1;
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    requireRange(guestOffset, lengthBytes);
    AtomicReference<CopyResult> copied = new AtomicReference<>(new CopyResult(0, 0, 0));
    guarded(
        guestOffset,
        lengthBytes,
        part -> source.readPadded(part, sourceOffset),
        () -> copied.set(file.copyRange(source, sourceOffset, guestOffset, lengthBytes, ways)));
    CopyResult result = copied.get();
    grownTo(guestOffset + result.totalBytes());
    return result;
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes, boolean mayUnmap) throws IOException {
    requireRange(guestOffset, lengthBytes);
    if (lengthBytes > 0) {
      guarded(
          guestOffset,
          lengthBytes,
          ZeroBytes::fill,
          () -> file.writeZeroes(guestOffset, lengthBytes, mayUnmap));
      grownTo(guestOffset + lengthBytes);
    }
  }

  @Override
  public void discard(long guestOffset, long lengthBytes) throws IOException {
    requireRange(guestOffset, lengthBytes);
    long inside = Math.min(lengthBytes, fileBytes - guestOffset);
    if (inside > 0) {
      guarded(
          guestOffset,
          inside,
          ZeroBytes::fill,
          () -> {
            // A file system that cannot keeps the bytes, which a discard allows.
            boolean _ = file.punchHole(guestOffset, inside);
          });
    }
  }

  @Override
  public void sync() throws IOException {
    file.sync();
  }

  /**
   * Changes the length of the file; durable on return. A new part reads as zeros.
   *
   * @param newBytes the new length; what lies behind it is lost
   */
  public void resize(long newBytes) throws IOException {
    resize(newBytes, Preallocation.OFF, new JobControl());
  }

  /**
   * Changes the length of the file; durable on return. A new part reads as zeros. Where its storage
   * cannot be had, or the job is stopped, the file gets its old length back.
   *
   * @param newBytes the new length; what lies behind it is lost
   * @param preallocation which storage a new part takes at once; not {@code METADATA}
   * @param control stops the work
   */
  public void resize(long newBytes, Preallocation preallocation, JobControl control)
      throws IOException {
    requireRange(0, 0);
    if (newBytes < 0 || preallocation == Preallocation.METADATA) {
      throw new IllegalArgumentException(newBytes + " " + preallocation);
    }
    long oldBytes = file.size();
    if (newBytes > oldBytes) {
      LongerFile.during(
          file,
          newBytes,
          () -> Storage.take(file, oldBytes, newBytes - oldBytes, preallocation, control));
    } else {
      file.truncate(newBytes);
    }
    file.syncAll();
    fileBytes = newBytes;
  }

  /** A last sector that the file held in part may have become whole. */
  private synchronized void grownTo(long end) {
    fileBytes = Math.max(fileBytes, end);
  }

  private void requireRange(long guestOffset, long lengthBytes) {
    if (!writable) {
      throw new NonWritableChannelException();
    }
    Objects.checkFromIndexSize(guestOffset, lengthBytes, virtualSize());
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
