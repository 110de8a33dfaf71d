package io.github.qcow4j.nativeio;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One open file, block device or character device, addressed by byte position.
 *
 * <p>Every byte that qcow4j reads from or writes to disk passes through this interface.
 *
 * <h2>Threads</h2>
 *
 * All methods may be called by any number of threads at once; positional calls do not disturb each
 * other. {@link #close()} waits for calls under way; calls that come later fail with {@link
 * java.nio.channels.ClosedChannelException}. Interrupting a thread neither aborts a call nor closes
 * the file.
 *
 * <h2>Durability</h2>
 *
 * A return from {@link #write} promises only that later reads through any descriptor see the bytes.
 * Nothing survives a power cut before {@link #sync()} or {@link #syncAll()} has returned. Once one
 * of them has failed for want of storage, or because storage failed, all later ones of this open
 * file fail as well: what was written before may be lost, and the kernel says so only once
 * (fsync(2)).
 *
 * <h2>Errors</h2>
 *
 * A failed call throws {@link java.nio.file.FileSystemException} (or one of its subclasses, see
 * {@link SystemCallException}) that names the file and gives the kernel's reason. A failed question
 * is never answered: {@link #nextData}, for example, throws rather than claims that there is none.
 */
public interface BlockFile extends Closeable {

  /**
   * Shared ranges begin and end at multiples of so many bytes, in both files: the block size of
   * nearly all file systems that share. One with larger blocks refuses what is not whole ones.
   */
  int SHARED_BLOCK_BYTES = 4096;

  /**
   * How much to move by one call where any length would do: the call's cost is lost in the copy's.
   *
   * <p>In a conversion the processor time for 1 GiB is the same from 256 KiB to 2 MiB, 0.36 to 0.42
   * s on ext4, while memory is at hand. But aligned writes of 2 MiB make the kernel cache the
   * target in pages of that size, which it seldom has: in a virtual machine that gives free memory
   * back to its host, 0.8 to 1.9 s. Half of that size is free of it and needs fewer calls than any
   * smaller one. To write 512 MiB of zeros takes 0.31, 0.32, 0.29 and 0.29 s with 64 KiB, 256 KiB,
   * 1 and 4 MiB.
   */
  int CALL_BYTES = 1 << 20;

  /** The name this file was opened by, for messages; not necessarily its present name. */
  Path path();

  /** Which file this is, whatever its names: device and inode, from {@code fstat(2)}. */
  FileIdentity identity();

  /** What the name stood for when the file was opened. */
  FileKind kind();

  /** Whether the file was opened for writing. */
  boolean writable();

  /**
   * The present length in bytes; of a block device its capacity. A character device or FIFO has no
   * length and answers 0.
   */
  long size() throws IOException;

  /**
   * Bytes of storage allocated to the file ({@code st_blocks} × 512), at most a snapshot in time.
   */
  long allocatedSize() throws IOException;

  /**
   * Reads at {@code fileOffset} until {@code target} is full or the file ends.
   *
   * <p>The position of {@code target} advances by the number of bytes read. Direct buffers are read
   * into without a copy. Short reads and {@code EINTR} are continued inside.
   *
   * @param fileOffset position in bytes, {@code >= 0}
   * @return the number of bytes read; less than {@code target.remaining()} was only when the file
   *     ended there, 0 at or past the end of the file
   */
  int read(ByteBuffer target, long fileOffset) throws IOException;

  /**
   * Reads at {@code fileOffset} until {@code target} is full; what lies past the end of the file
   * reads as zeros, as qcow2 wants for a last cluster that is cut short.
   */
  default void readPadded(ByteBuffer target, long fileOffset) throws IOException {
    read(target, fileOffset);
    ZeroFill.fillRemaining(target);
  }

  /**
   * Writes all remaining bytes of {@code source} at {@code fileOffset}, extending the file where
   * needed. Not durable on return, not atomic. A FIFO, socket or terminal has no positions: there
   * the bytes follow those written before, and the call waits until they are taken.
   *
   * @param fileOffset position in bytes, {@code >= 0}
   */
  void write(ByteBuffer source, long fileOffset) throws IOException;

  /** Sets the length; a longer file reads as zeros in the new part. Not durable on return. */
  void truncate(long sizeBytes) throws IOException;

  /**
   * Asks the kernel to begin storing what was written to the range, so that a later {@link #sync()}
   * has less to wait for ({@code sync_file_range(2)}, {@code SYNC_FILE_RANGE_WRITE}). Makes nothing
   * durable. May block while the device has more to do than it takes in.
   *
   * @return false when it cannot be asked for here; nothing has changed then
   */
  default boolean startWriteback(long fileOffset, long lengthBytes) throws IOException {
    return false;
  }

  /**
   * Makes the data of this file durable, and what is needed to read it back ({@code fdatasync(2)}).
   */
  void sync() throws IOException;

  /**
   * Makes data and all attributes durable ({@code fsync(2)}). Its name is not: sync the directory.
   */
  void syncAll() throws IOException;

  /**
   * The first byte at or after {@code fileOffset} that may hold data ({@code lseek(2)}, {@code
   * SEEK_DATA}). A file system that cannot tell has data everywhere.
   *
   * @return a position in {@code [fileOffset, size)}, or -1 when only a hole, or nothing, follows
   */
  long nextData(long fileOffset) throws IOException;

  /**
   * The first byte at or after {@code fileOffset} that lies in a hole ({@code SEEK_HOLE}); the end
   * of the file counts as one.
   *
   * @return a position in {@code [fileOffset, size]}, or -1 when {@code fileOffset} is at or past
   *     the end
   */
  long nextHole(long fileOffset) throws IOException;

  /**
   * Gives the range back to the file system; it reads as zeros afterwards, the length stays ({@code
   * fallocate(2)}, {@code FALLOC_FL_PUNCH_HOLE}).
   *
   * @return false when the file system or device cannot, in which case nothing has changed
   */
  boolean punchHole(long fileOffset, long lengthBytes) throws IOException;

  /**
   * Makes the range read as zeros, as cheaply as the file allows, extending the file where needed.
   *
   * @param mayPunch whether the storage behind the range may be given back
   * @return how it was done
   */
  ZeroMethod writeZeroes(long fileOffset, long lengthBytes, boolean mayPunch) throws IOException;

  /**
   * Reserves storage for the range, extending the file where needed; contents do not change ({@code
   * fallocate(2)} with mode 0).
   *
   * @return false when the file system cannot; nothing has changed then
   */
  boolean preallocate(long fileOffset, long lengthBytes) throws IOException;

  /**
   * Reserves storage for the range as {@link #preallocate} does, but leaves the length as it is:
   * what lies past the end waits for the file to grow into it, and is given back when the file is
   * truncated ({@code fallocate(2)}, {@code FALLOC_FL_KEEP_SIZE}).
   *
   * @return false when the file system cannot; nothing has changed then
   */
  boolean reserve(long fileOffset, long lengthBytes) throws IOException;

  /**
   * Makes this file's bytes and length those of {@code source} by sharing all of its storage
   * ({@code ioctl_ficlone(2)}, {@code FICLONE}). Not durable on return.
   *
   * @return false when these two files cannot share. Mostly nothing has changed then; where the
   *     file system ran out of room for its records, a part of this file may have been replaced
   */
  default boolean cloneFrom(BlockFile source) throws IOException {
    return false;
  }

  /**
   * Puts a range of {@code source} into this file by sharing its storage ({@code ioctl_ficlone(2)},
   * {@code FICLONERANGE}), extending this file where needed. File systems share whole blocks,
   * mostly of {@value #SHARED_BLOCK_BYTES} bytes, and a part of one only at the end of {@code
   * source}. Not durable on return.
   *
   * @return false when these two files, or these offsets, cannot share. Mostly nothing has changed
   *     then; where the file system ran out of room for its records, a part of the range may have
   *     been replaced
   */
  default boolean cloneRange(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    return false;
  }

  /**
   * Which parts of a range stand in storage that other files, or other ranges, use as well, and
   * where ({@code FS_IOC_FIEMAP}; kernel documentation, "Fiemap Ioctl"). What waits to be written
   * is written before. True of the moment of the call: whoever concludes something from it keeps
   * writers away.
   *
   * @param fileOffset where the range begins, in bytes
   * @param lengthBytes how long it is
   * @return the parts in order; parts that stand alone, or of which it is not known where and in
   *     what form they stand, are not among them. Null where neither file system nor provider can
   *     tell
   */
  default @Nullable List<SharedExtent> sharedExtents(long fileOffset, long lengthBytes)
      throws IOException {
    return null;
  }

  /**
   * Whether these two files lie where storage can be shared at all. One range or another may be
   * refused nevertheless.
   *
   * @param source any file, also of another volume
   */
  default boolean canShareWith(BlockFile source) throws IOException {
    return false;
  }

  /**
   * Copies a range of {@code source} into this file, each part of it in the cheapest way that
   * works: shared, else by the kernel ({@code copy_file_range(2)}), else read and written. Holes of
   * the source may become zeros that take storage. Within one file the ranges must not overlap. Not
   * durable on return.
   *
   * <p>A way that the file systems do not offer (EOPNOTSUPP, ENOSYS, ENOTTY) is not tried between
   * them again, and one that does not lead from the one file to the other (EXDEV) not between these
   * two. One that is refused to a range (EINVAL, ETXTBSY), for lack of room (ENOSPC, EDQUOT) or by
   * a sandbox (EPERM) gives place to the next for this call. No other failure does: an I/O error is
   * thrown.
   *
   * @param source any file, also of another volume
   * @return the bytes per way; together less than {@code lengthBytes} only when {@code source}
   *     ended
   */
  default CopyResult copyRange(
      BlockFile source, long sourceOffset, long targetOffset, long lengthBytes) throws IOException {
    return copyRange(source, sourceOffset, targetOffset, lengthBytes, CopyMethod.ALL);
  }

  /**
   * The same in some ways only: copies from the beginning of the range on as much as they can.
   *
   * @param source any file, also of another volume
   * @param ways what will do. {@link CopyMethod#KERNEL_COPY} without {@link CopyMethod#REFLINK}
   *     asks for storage of its own: where files can share, the kernel would share by itself, and
   *     is not asked
   * @return the bytes per way; what is not among them is unchanged, but see {@link #cloneRange}
   */
  default CopyResult copyRange(
      BlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    return ways.contains(CopyMethod.USER_COPY)
        ? UserCopy.copy(source, this, sourceOffset, targetOffset, lengthBytes)
        : CopyResult.NONE;
  }

  /**
   * Tells the kernel how a range is going to be used ({@code posix_fadvise(2)}). Changes no byte
   * and promises nothing.
   *
   * @param lengthBytes 0 for all that follows
   */
  default void advise(AccessPattern pattern, long fileOffset, long lengthBytes)
      throws IOException {}

  /**
   * What offsets, lengths and buffers must be multiples of for this file: 1, unless it is opened
   * with {@link OpenOptions#directIo()} ({@code statx(2)}, {@code STATX_DIOALIGN}).
   */
  default int alignment() {
    return 1;
  }

  /**
   * Takes or converts a lock on a range of bytes, without waiting ({@code fcntl(2)}, {@code
   * F_OFD_SETLK}). The lock belongs to this open file: closing it releases the lock, two files
   * opened by one JVM exclude each other, and a killed process leaves none behind.
   *
   * @return false when another open file holds a conflicting lock
   */
  boolean tryLock(long startByte, long lengthBytes, LockMode mode) throws IOException;

  /** Releases what this open file holds of the range; no effect where it holds nothing. */
  void unlock(long startByte, long lengthBytes) throws IOException;

  /**
   * Whether another open file, of this or of any process, holds a lock on the range that a lock of
   * {@code mode} would conflict with ({@code F_OFD_GETLK}). Takes nothing.
   */
  boolean lockedByOther(long startByte, long lengthBytes, LockMode mode) throws IOException;

  /** Releases all locks and the descriptor; makes nothing durable. Closing twice has no effect. */
  @Override
  void close() throws IOException;
}
