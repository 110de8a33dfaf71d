package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Brings ranges of a disk to the same offsets of another: plain bytes as {@link Offload} can, all
 * else as the caller does. For ranges whose content is decided; it looks for no zeros. Safe for
 * many threads.
 */
public final class RangeCopy {

  private final DiskImage source;
  private final Offload offload;

  /** Reads a part of the source and writes it to the target. */
  @FunctionalInterface
  public interface Rest {

    /**
     * Copies a part.
     *
     * @param guestOffset where it begins
     * @param lengthBytes its length, at least 1
     */
    void copy(long guestOffset, int lengthBytes) throws IOException;
  }

  /**
   * For ranges of one disk.
   *
   * @param source the disk the bytes are of, through all its layers
   * @param offload what brings bytes of files to the target
   */
  public RangeCopy(DiskImage source, Offload offload) {
    this.source = source;
    this.offload = offload;
  }

  /**
   * Brings a range over, from front to back.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length
   * @param rest copies what could not be brought
   */
  public void run(long guestOffset, int lengthBytes, Rest rest) throws IOException {
    long end = guestOffset + lengthBytes;
    long restStart = guestOffset;
    long position = guestOffset;
    while (position < end && offload.isPossible()) {
      Extent extent = source.extentAt(position, end - position);
      long extentEnd = Math.min(end, extent.end());
      FilePlace place = place(extent, extentEnd - position);
      long before = place == null ? -1 : offload.bytesBefore(position, place);
      if (place == null || before != 0) {
        position = before > 0 ? Math.min(extentEnd, position + before) : extentEnd;
        continue;
      }
      copyRest(restStart, position, rest);
      restStart = position + offload.copy(position, offload.piece(position, place));
      // What was refused in part is not asked for again: the next look at it says -1.
      position = restStart;
    }
    copyRest(restStart, end, rest);
  }

  private static void copyRest(long from, long to, Rest rest) throws IOException {
    if (to > from) {
      rest.copy(from, (int) (to - from));
    }
  }

  private @Nullable FilePlace place(Extent extent, long lengthBytes) throws IOException {
    if (extent.kind() != Extent.Kind.DATA) {
      return null;
    }
    BlockFile file = source.layers().get(extent.depth()).dataFile();
    long held = Math.min(lengthBytes, file.size() - extent.hostOffset());
    return new FilePlace(file, extent.hostOffset(), Math.max(0, held));
  }
}
