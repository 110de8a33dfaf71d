package io.github.qcow4j.snapshot.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Compresses nothing. */
final class PlainOutput implements ArchiveOutput {

  private final WritableByteChannel target;

  PlainOutput(WritableByteChannel target) {
    this.target = target;
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    return ArchiveOutput.writeAll(target, bytes);
  }

  @Override
  public void finish() {}

  @Override
  public void close() {}
}
