package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.support.Arguments;
import io.github.qcow4j.nativeio.support.ScratchBuffers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads and writes until all is done: continues short calls, and takes buffers that the kernel
 * cannot be given through scratch memory. Any thread may call.
 */
final class Transfer {

  private static final int ESPIPE = Errno.ESPIPE.number();

  /**
   * From so many bytes on, writes to a regular file take turns here. The kernel has them take turns
   * anyway: ext4, XFS, btrfs and tmpfs write to the page cache under the file's lock. But who waits
   * for that lock runs on one processor while the other works. {@code convert -t unsafe} of 4 GiB
   * from the page cache to a raw file on ext4, with two threads that read 1 MiB and write it,
   * medians of five: 2.66 s, of processor time 4.93 s, without turns, 1.18 s and 1.57 s with them,
   * 1.71 s and 2.06 s with a fair lock. So much is a quarter of what jobs write at once; tables and
   * single clusters are shorter. Where to draw the line does not matter for a job: 256 MiB plain to
   * raw take 0.28 s of processor time with 64 KiB, 0.30 s with 256 KiB and 0.31 s with 1 MiB, each
   * 0.25 s at best.
   */
  private static final int LARGE_WRITE_BYTES = 256 << 10;

  private final Descriptor file;
  private final ReentrantLock largeWrites = new ReentrantLock();

  Transfer(Descriptor file) {
    this.file = file;
  }

  int read(ByteBuffer target, long fileOffset) throws IOException {
    Arguments.checkWritable(target);
    if (!target.hasRemaining()) {
      return 0;
    }
    MemorySegment segment = MemorySegment.ofBuffer(target);
    if (usableAsIs(segment)) {
      int read = (int) readSegment(segment, false, segment.byteSize(), fileOffset);
      target.position(target.position() + read);
      return read;
    }
    ByteBuffer scratch = ScratchBuffers.take();
    try {
      MemorySegment scratchSegment = MemorySegment.ofBuffer(scratch);
      int start = target.position();
      while (target.hasRemaining()) {
        int wanted = Math.min(target.remaining(), scratch.capacity());
        int read =
            (int) readSegment(scratchSegment, true, wanted, fileOffset + target.position() - start);
        target.put(target.position(), scratch, 0, read).position(target.position() + read);
        if (read < wanted) {
          break;
        }
      }
      return target.position() - start;
    } finally {
      ScratchBuffers.giveBack(scratch);
    }
  }

  void write(ByteBuffer source, long fileOffset) throws IOException {
    if (!source.hasRemaining()) {
      return;
    }
    MemorySegment segment = MemorySegment.ofBuffer(source);
    if (usableAsIs(segment)) {
      writeSegment(segment, false, segment.byteSize(), fileOffset);
      source.position(source.limit());
      return;
    }
    ByteBuffer scratch = ScratchBuffers.take();
    try {
      MemorySegment scratchSegment = MemorySegment.ofBuffer(scratch);
      int start = source.position();
      while (source.hasRemaining()) {
        int length = Math.min(source.remaining(), scratch.capacity());
        scratch.put(0, source, source.position(), length);
        writeSegment(scratchSegment, true, length, fileOffset + source.position() - start);
        source.position(source.position() + length);
      }
    } finally {
      ScratchBuffers.giveBack(scratch);
    }
  }

  private boolean usableAsIs(MemorySegment segment) {
    return segment.isNative()
        && (!file.direct() || segment.address() % AlignedBuffers.ALIGNMENT_BYTES == 0);
  }

  private long readSegment(MemorySegment target, boolean own, long lengthBytes, long fileOffset)
      throws IOException {
    LinuxCalls calls = file.calls();
    long done = 0;
    while (done < lengthBytes) {
      // O_DIRECT refuses odd offsets: after an odd count the last block is read once more.
      long from = file.direct() ? done - done % AlignedBuffers.ALIGNMENT_BYTES : done;
      MemorySegment rest = from == 0 ? target : target.asSlice(from);
      long left = lengthBytes - from;
      long result =
          own
              ? calls.preadOwn(file.number(), rest, left, fileOffset + from)
              : calls.pread(file.number(), rest, left, fileOffset + from);
      if (result < 0) {
        throw file.failure("pread", result);
      } else if (from + result <= done) {
        // Only a read that brings nothing has come to the end; a short one may be short by chance.
        return done;
      }
      done = from + result;
    }
    return done;
  }

  /**
   * Writes a segment.
   *
   * @param own whether the caller holds its memory until this returns
   */
  void writeSegment(MemorySegment source, boolean own, long lengthBytes, long fileOffset)
      throws IOException {
    if (lengthBytes < LARGE_WRITE_BYTES || file.kind() != FileKind.REGULAR || file.direct()) {
      writeAll(source, own, lengthBytes, fileOffset);
      return;
    }
    largeWrites.lock();
    try {
      writeAll(source, own, lengthBytes, fileOffset);
    } finally {
      largeWrites.unlock();
    }
  }

  private void writeAll(MemorySegment source, boolean own, long lengthBytes, long fileOffset)
      throws IOException {
    LinuxCalls calls = file.calls();
    long done = 0;
    while (done < lengthBytes) {
      MemorySegment rest = done == 0 ? source : source.asSlice(done);
      long left = lengthBytes - done;
      long result =
          own
              ? calls.pwriteOwn(file.number(), rest, left, fileOffset + done)
              : calls.pwrite(file.number(), rest, left, fileOffset + done);
      if (result == -ESPIPE) {
        // A FIFO, socket or terminal has no positions.
        result = calls.write(file.number(), rest, left);
      }
      if (result > 0) {
        done += result;
      } else if (result == 0) {
        // Nothing written and no error: asking again could go on for ever.
        throw Errno.EIO.exception("pwrite", file.path().toString());
      } else {
        throw file.failure("pwrite", result);
      }
    }
  }
}
