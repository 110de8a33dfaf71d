package io.github.qcow4j.qcow2.testing;

import java.io.ByteArrayOutputStream;

/**
 * Zstandard frames put together by hand (RFC 8878, section 3), of raw and run-length blocks only,
 * to make what encoders do not write.
 */
final class ZstdFrames {

  private static final int MAX_BLOCK_BYTES = 128 << 10;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** A frame that declares its content size and needs no window of its own. */
  ZstdFrames sized(byte[] content) {
    littleEndian(0xfd2f_b528L, 4);
    out.write(0xa0); // content size of 4 bytes, single segment
    littleEndian(content.length, 4);
    return rawBlocks(content);
  }

  /** A frame without a content size; the window is 2 to the power of {@code windowLog}. */
  ZstdFrames unsized(byte[] content, int windowLog) {
    windowed(windowLog);
    return rawBlocks(content);
  }

  /** A frame that repeats one byte. */
  ZstdFrames repeated(byte value, int lengthBytes) {
    windowed(17);
    for (int done = 0; done < lengthBytes; done += MAX_BLOCK_BYTES) {
      int block = Math.min(MAX_BLOCK_BYTES, lengthBytes - done);
      blockHeader(block, 1, done + block == lengthBytes);
      out.write(value);
    }
    return this;
  }

  /** A frame of user data that decoders pass over. */
  ZstdFrames skippable(byte[] userData) {
    littleEndian(0x184d_2a50L, 4);
    littleEndian(userData.length, 4);
    out.writeBytes(userData);
    return this;
  }

  /** Bytes that are no frame. */
  ZstdFrames garbage(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private void windowed(int windowLog) {
    littleEndian(0xfd2f_b528L, 4);
    out.write(0);
    out.write((windowLog - 10) << 3);
  }

  private ZstdFrames rawBlocks(byte[] content) {
    for (int done = 0; done < content.length; done += MAX_BLOCK_BYTES) {
      int block = Math.min(MAX_BLOCK_BYTES, content.length - done);
      blockHeader(block, 0, done + block == content.length);
      out.write(content, done, block);
    }
    return this;
  }

  private void blockHeader(int lengthBytes, int type, boolean last) {
    littleEndian((long) lengthBytes << 3 | type << 1 | (last ? 1 : 0), 3);
  }

  private void littleEndian(long value, int widthBytes) {
    for (int i = 0; i < widthBytes; i++) {
      out.write((int) (value >>> (8 * i)));
    }
  }
}
