package io.github.qcow4j.qcow2.testing;

import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Raw deflate streams (RFC 1951) for clusters that QEMU would not write itself. */
final class DeflateStreams {

  private DeflateStreams() {}

  /** One finished stream. Matches reach back up to 32 KiB, eight times as far as QEMU's own. */
  static byte[] compress(byte[] content, int level) {
    Deflater deflater = new Deflater(level, true);
    try {
      deflater.setInput(content);
      deflater.finish();
      byte[] buffer = new byte[content.length + content.length / 100 + 1_000];
      int lengthBytes = deflater.deflate(buffer);
      return Arrays.copyOf(buffer, lengthBytes);
    } finally {
      deflater.end();
    }
  }

  /** A stream that is flushed to a byte border but never ended. */
  static byte[] unfinished(byte[] content) {
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    try {
      deflater.setInput(content);
      byte[] buffer = new byte[content.length + 1_000];
      int lengthBytes = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
      return Arrays.copyOf(buffer, lengthBytes);
    } finally {
      deflater.end();
    }
  }

  /** The number of bytes that the stream at the start of {@code input} takes. */
  static int lengthBytes(byte[] input, int contentBytes) {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(input);
      byte[] content = new byte[contentBytes];
      int done = 0;
      while (!inflater.finished()) {
        int more = inflater.inflate(content, done, contentBytes - done);
        if (more == 0 && !inflater.finished()) {
          throw new IllegalArgumentException("no whole stream");
        }
        done += more;
      }
      return Math.toIntExact(inflater.getBytesRead());
    } catch (DataFormatException e) {
      throw new IllegalArgumentException(e);
    } finally {
      inflater.end();
    }
  }
}
