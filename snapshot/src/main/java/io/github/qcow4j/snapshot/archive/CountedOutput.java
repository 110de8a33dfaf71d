package io.github.qcow4j.snapshot.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Counts what is passed on to a channel, and keeps the channel open. For one thread at a time. */
final class CountedOutput implements WritableByteChannel {

  private final WritableByteChannel target;
  private long bytesWritten;

  CountedOutput(WritableByteChannel target) {
    this.target = target;
  }

  long bytesWritten() {
    return bytesWritten;
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int count = ArchiveOutput.writeAll(target, bytes);
    bytesWritten += count;
    return count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
