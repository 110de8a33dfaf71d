package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies by reading and writing, which works between any two files. */
final class UserCopy {

  /** Enough for the calls not to matter beside the copy. */
  private static final int BUFFER_BYTES = 1 << 20;

  private static final int ALIGNMENT_BYTES = 4096;

  private UserCopy() {}

  static CopyResult copy(
      BlockFile source, BlockFile target, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    if (lengthBytes == 0) {
      return CopyResult.NONE;
    }
    int size = (int) Math.min(BUFFER_BYTES, lengthBytes);
    // Direct I/O wants its buffers aligned; the slice ends at a multiple too.
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(size + 2 * ALIGNMENT_BYTES).alignedSlice(ALIGNMENT_BYTES);
    long done = 0;
    while (done < lengthBytes) {
      buffer.clear().limit((int) Math.min(size, lengthBytes - done));
      int read = source.read(buffer, sourceOffset + done);
      if (read == 0) {
        break;
      }
      target.write(buffer.flip(), targetOffset + done);
      done += read;
    }
    return CopyResult.of(CopyMethod.USER_COPY, done);
  }
}
