package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * Where a conversion writes to.
 *
 * <p>Every byte of the disk is either written, or zeroed, or left as it is when the target
 * {@linkplain #readsAsZeros() reads as zeros} from the start. Unless the target is to be written
 * {@linkplain #inOrder() in order}, several threads write at once, never to the same byte.
 */
public interface ConvertTarget extends Closeable {

  /** Said in place of a size by those without a backing file. */
  long NO_BACKING = -1;

  /** Said in place of a size where the backing file is not open. */
  long UNKNOWN_BACKING = Long.MAX_VALUE;

  /** Said in place of a depth by those that show nothing yet. */
  int NO_LAYER = -1;

  /** Whether what is never written reads as zeros. */
  boolean readsAsZeros();

  /**
   * The size of a backing file that unwritten clusters show and that holds what lies below the
   * source's topmost layer, so that only that layer is copied.
   *
   * @return bytes, or {@link #NO_BACKING} or {@link #UNKNOWN_BACKING}
   */
  default long backingBytes() {
    return NO_BACKING;
  }

  /**
   * The depth of a layer of the only source, all of which the target shows already, and zeros where
   * that holds nothing; 0 is the source itself.
   *
   * @return a depth, or {@link #NO_LAYER}
   */
  default int heldDepth() {
    return NO_LAYER;
  }

  /** Whether bytes must come from front to back, without gaps and by one thread at a time. */
  boolean inOrder();

  /**
   * Writes guest bytes; not durable on return.
   *
   * @param guestOffset where, in bytes
   * @param data what; its remaining bytes are consumed
   */
  void write(long guestOffset, ByteBuffer data) throws IOException;

  /**
   * Makes guest bytes zeros; not durable on return.
   *
   * @param guestOffset where, in bytes
   * @param lengthBytes how many
   */
  void writeZeroes(long guestOffset, long lengthBytes) throws IOException;

  /**
   * What offsets and lengths of {@link #copyFrom} must be multiples of, a power of two; 0 when it
   * takes nothing that way.
   */
  default int copyUnitBytes() {
    return 0;
  }

  /**
   * Puts bytes of another file to guest bytes without taking them in hand: shared, or copied by the
   * kernel; not durable on return.
   *
   * @param guestOffset where, a multiple of {@link #copyUnitBytes}
   * @param source the other file
   * @param sourceOffset where in it the bytes stand
   * @param lengthBytes how many, a multiple of {@link #copyUnitBytes}
   * @param ways which ways will do
   * @return how many bytes from the beginning are there now; the others are as they were, or as
   *     they were to be
   */
  default CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    return CopyResult.NONE;
  }

  /**
   * Does what is left to be done when all data are written. The conversion may still be cancelled
   * afterwards.
   */
  default void prepareCompletion() throws IOException {}

  /** Makes all that was written durable, and then visible under the target's name. */
  void complete() throws IOException;

  /** Lets go of the target; without {@link #complete()} a new file leaves nothing behind. */
  @Override
  void close() throws IOException;
}
