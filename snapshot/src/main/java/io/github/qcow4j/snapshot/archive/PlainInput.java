package io.github.qcow4j.snapshot.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** An archive that is not compressed. */
final class PlainInput implements ArchiveInput {

  private final ReadableByteChannel source;

  PlainInput(ReadableByteChannel source) {
    this.source = source;
  }

  @Override
  public Compression compression() {
    return Compression.NONE;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return source.read(target);
  }

  @Override
  public void close() {}
}
