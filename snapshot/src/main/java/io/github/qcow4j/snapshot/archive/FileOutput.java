package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Writes to a file from front to back, and counts. For one thread at a time. */
final class FileOutput implements WritableByteChannel {

  private final BlockFile file;
  private long position;

  FileOutput(BlockFile file) {
    this.file = file;
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int count = bytes.remaining();
    file.write(bytes, position);
    position += count;
    return count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  /** The file is its owner's. */
  @Override
  public void close() {}
}
