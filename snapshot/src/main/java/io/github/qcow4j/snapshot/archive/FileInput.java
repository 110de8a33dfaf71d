package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Reads a file from front to back. For one thread at a time. */
final class FileInput implements ReadableByteChannel {

  private final BlockFile file;
  private final JobControl control;
  private long position;

  /**
   * @param file the file; stays the caller's
   * @param control counts its bytes
   */
  FileInput(BlockFile file, JobControl control) {
    this.file = file;
    this.control = control;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      return 0;
    }
    int count = file.read(target, position);
    position += count;
    control.advance(count);
    return count == 0 ? -1 : count;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {}
}
