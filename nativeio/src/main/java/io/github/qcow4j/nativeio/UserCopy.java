package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Copies by reading and writing, which works between any two files. */
final class UserCopy {

  private UserCopy() {}

  static CopyResult copy(
      BlockFile source, BlockFile target, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    if (lengthBytes == 0) {
      return CopyResult.NONE;
    }
    int size = (int) Math.min(BlockFile.CALL_BYTES, lengthBytes);
    ByteBuffer buffer = AlignedBuffers.allocate(size);
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
