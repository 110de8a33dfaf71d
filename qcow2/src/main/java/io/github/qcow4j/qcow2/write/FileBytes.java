package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * Bytes of a file that are to be brought to another.
 *
 * @param file where they are
 * @param fileOffset where in it
 * @param lengthBytes how many
 * @param ways which ways of copying will do
 */
public record FileBytes(BlockFile file, long fileOffset, long lengthBytes, Set<CopyMethod> ways) {

  /** A part of them. */
  FileBytes part(long from, long length) {
    return new FileBytes(file, fileOffset + from, length, ways);
  }

  /**
   * Brings as many of them as can be, from the first one on. Where sharing alone will do, and these
   * files share, but do not at this place, which has no whole blocks, they are copied.
   */
  CopyResult copyTo(BlockFile target, long targetOffset) throws IOException {
    boolean wholeBlocks =
        fileOffset % BlockFile.SHARED_BLOCK_BYTES == 0
            && targetOffset % BlockFile.SHARED_BLOCK_BYTES == 0
            && lengthBytes % BlockFile.SHARED_BLOCK_BYTES == 0;
    if (wholeBlocks || ways.contains(CopyMethod.KERNEL_COPY)) {
      return target.copyRange(file, fileOffset, targetOffset, lengthBytes, ways);
    }
    return isWorthwhile(target)
        ? target.copyRange(file, fileOffset, targetOffset, lengthBytes)
        : CopyResult.NONE;
  }

  /** Whether any of the ways may work between these files. */
  boolean isWorthwhile(BlockFile target) throws IOException {
    return ways.contains(CopyMethod.KERNEL_COPY) || target.canShareWith(file);
  }

  /** All of them, in memory; zeros where the file has ended. */
  ByteBuffer read() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(lengthBytes));
    file.readPadded(bytes, fileOffset);
    return bytes.flip();
  }
}
