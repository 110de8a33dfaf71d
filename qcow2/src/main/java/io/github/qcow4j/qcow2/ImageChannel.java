package io.github.qcow4j.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** A disk image as a channel for reading. */
final class ImageChannel implements SeekableByteChannel {

  private final DiskImage image;
  private long position;
  private boolean open = true;

  ImageChannel(DiskImage image) {
    this.image = image;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireOpen();
    long left = image.virtualSize() - position;
    if (left <= 0) {
      return -1;
    }
    int count = (int) Math.min(left, target.remaining());
    ByteBuffer part = target.slice(target.position(), count);
    image.read(position, part);
    target.position(target.position() + count);
    position += count;
    return count;
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public long position() throws IOException {
    requireOpen();
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) throws IOException {
    requireOpen();
    if (newPosition < 0) {
      throw new IllegalArgumentException("position is negative: " + newPosition);
    }
    position = newPosition;
    return this;
  }

  @Override
  public long size() throws IOException {
    requireOpen();
    return image.virtualSize();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
  }

  private void requireOpen() throws ClosedChannelException {
    if (!open) {
      throw new ClosedChannelException();
    }
  }
}
