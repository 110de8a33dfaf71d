package io.github.qcow4j.qcow2.cluster;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Finds where a Zstandard frame ends, by the headers of its blocks (RFC 8878, "Zstandard Frames"
 * and "Blocks"), so that it can be decoded in one go although other bytes follow.
 */
final class ZstdFrame {

  private static final int MAGIC = 0xFD2FB528;
  private static final int BLOCK_HEADER_BYTES = 3;
  private static final int CHECKSUM_BYTES = 4;
  private static final int[] DICTIONARY_ID_BYTES = {0, 1, 2, 4};
  private static final int[] CONTENT_SIZE_BYTES = {0, 2, 4, 8};
  private static final int RLE_BLOCK = 1;
  private static final int RESERVED_BLOCK = 3;

  private ZstdFrame() {}

  /**
   * The length of the frame that begins at the buffer's position, or -1 when none does, or none
   * that ends within the buffer. Nothing else of the frame is looked at.
   */
  static int length(ByteBuffer buffer) {
    ByteBuffer bytes = buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.remaining() <= Integer.BYTES || bytes.getInt(0) != MAGIC) {
      return -1;
    }
    int descriptor = bytes.get(Integer.BYTES);
    int position = Integer.BYTES + 1 + headerFieldBytes(descriptor);
    boolean last = false;
    while (!last) {
      if (position > bytes.limit() - BLOCK_HEADER_BYTES) {
        return -1;
      }
      int header = (bytes.getShort(position) & 0xFFFF) | ((bytes.get(position + 2) & 0xFF) << 16);
      last = (header & 1) != 0;
      int type = (header >>> 1) & 3;
      if (type == RESERVED_BLOCK) {
        return -1;
      }
      position += BLOCK_HEADER_BYTES + (type == RLE_BLOCK ? 1 : header >>> 3);
    }
    position += (descriptor & 4) != 0 ? CHECKSUM_BYTES : 0;
    return position <= bytes.limit() ? position : -1;
  }

  /**
   * Whether a frame's window is its whole content, so that decoding it takes no memory but the
   * target's. A window of its own may be larger than decoders of streams allow, and is left to
   * them.
   *
   * @param buffer at its position, a frame whose {@link #length} is known
   */
  static boolean isSingleSegment(ByteBuffer buffer) {
    return (buffer.get(buffer.position() + Integer.BYTES) & 0x20) != 0;
  }

  private static int headerFieldBytes(int descriptor) {
    boolean singleSegment = (descriptor & 0x20) != 0;
    int contentSizeFlag = (descriptor >>> 6) & 3;
    int windowBytes = singleSegment ? 0 : 1;
    int contentSizeBytes =
        singleSegment && contentSizeFlag == 0 ? 1 : CONTENT_SIZE_BYTES[contentSizeFlag];
    return windowBytes + DICTIONARY_ID_BYTES[descriptor & 3] + contentSizeBytes;
  }
}
