package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Big-endian numbers and bytes at positions of a file; what lies past its end reads as zero. */
final class HostBytes implements AutoCloseable {

  private final FileChannel channel;

  HostBytes(Path file) {
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] read(long hostOffset, int lengthBytes) {
    ByteBuffer buffer = ByteBuffer.allocate(lengthBytes);
    try {
      while (buffer.hasRemaining() && channel.read(buffer, hostOffset + buffer.position()) >= 0) {
        // Positional reads may be short.
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return buffer.array();
  }

  void write(long hostOffset, byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer, hostOffset + buffer.position());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The unsigned number of 1, 2, 4 or 8 bytes at {@code hostOffset}; 8 bytes fill the whole long.
   */
  long number(long hostOffset, int widthBytes) {
    long value = 0;
    for (byte octet : read(hostOffset, widthBytes)) {
      value = value << 8 | (octet & 0xff);
    }
    return value;
  }

  void setNumber(long hostOffset, int widthBytes, long value) {
    byte[] bytes = new byte[widthBytes];
    for (int i = 0; i < widthBytes; i++) {
      bytes[i] = (byte) (value >>> (8 * (widthBytes - 1 - i)));
    }
    write(hostOffset, bytes);
  }

  long lengthBytes() {
    try {
      return channel.size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Makes the file exactly {@code lengthBytes} long; a longer one ends in a hole. */
  void setLength(long lengthBytes) {
    try {
      channel.truncate(lengthBytes);
      if (channel.size() < lengthBytes) {
        channel.write(ByteBuffer.allocate(1), lengthBytes - 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
