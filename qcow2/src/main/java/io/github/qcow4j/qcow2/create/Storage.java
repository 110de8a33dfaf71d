package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes the storage behind a part of a file that reads as zeros. */
public final class Storage {

  private static final int FIRST_BLOCK_BYTES = 4096;

  private Storage() {}

  /**
   * Takes storage for a range that has none, or holds zeros. Not durable on return.
   *
   * @param file where; becomes as long as the range needs, unless nothing is to be taken
   * @param hostOffset where the range begins
   * @param lengthBytes how long it is
   * @param preallocation how much; nothing for {@code OFF} and {@code METADATA}
   * @param control stops the work, where zeros are written; what is written by then stays
   * @throws IOException when there is not enough
   */
  public static void take(
      BlockFile file,
      long hostOffset,
      long lengthBytes,
      Preallocation preallocation,
      JobControl control)
      throws IOException {
    if (lengthBytes == 0) {
      return;
    }
    switch (preallocation) {
      case OFF, METADATA -> {}
      case FALLOC -> {
        if (!file.preallocate(hostOffset, lengthBytes)) {
          // As posix_fallocate(3): what cannot be reserved is written.
          writeZeros(file, hostOffset, lengthBytes, control);
        }
      }
      case FULL -> writeZeros(file, hostOffset, lengthBytes, control);
    }
  }

  /**
   * Takes the storage of a new raw image, and writes its first block in any case. QEMU does so with
   * every new file, to find the alignment of direct access later, and {@code map} shows it. Not
   * durable on return.
   *
   * @param file a new file, which reads as zeros
   * @param sizeBytes its length
   * @param preallocation not {@code METADATA}
   * @param control stops the work, where zeros are written
   * @throws IOException when there is not enough
   */
  public static void takeRaw(
      BlockFile file, long sizeBytes, Preallocation preallocation, JobControl control)
      throws IOException {
    take(file, 0, sizeBytes, preallocation, control);
    if (preallocation != Preallocation.FULL) {
      writeZeros(file, 0, Math.min(FIRST_BLOCK_BYTES, sizeBytes), control);
    }
  }

  private static void writeZeros(
      BlockFile file, long hostOffset, long lengthBytes, JobControl control) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(BlockFile.CALL_BYTES, lengthBytes));
    for (long done = 0; done < lengthBytes; done += zeros.limit()) {
      control.checkpoint();
      zeros.clear().limit((int) Math.min(zeros.capacity(), lengthBytes - done));
      file.write(zeros, hostOffset + done);
    }
  }
}
