package io.github.qcow4j.qcow2.convert;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A disk's bytes as they are, from front to back; zeros are written out. */
final class RawStreamTarget implements ConvertTarget {

  private final StreamSink sink;

  RawStreamTarget(StreamSink sink) {
    this.sink = sink;
  }

  @Override
  public boolean readsAsZeros() {
    return false;
  }

  @Override
  public boolean inOrder() {
    return true;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    sink.write(data);
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    sink.padTo(guestOffset + lengthBytes);
  }

  @Override
  public void complete() {}

  @Override
  public void close() {}
}
