package io.github.qcow4j.nativeio;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;

/** Where the process writes its standard output to, as bytes; any thread may call. */
public final class StandardOutput {

  private static final FileChannel CHANNEL = new FileOutputStream(FileDescriptor.out).getChannel();

  private StandardOutput() {}

  /** The bytes go on where others were written before, and wait until they are taken. */
  public static WritableByteChannel channel() {
    return CHANNEL;
  }

  /**
   * Makes durable what was written ({@code fsync(2)}); for when it is a file, a pipe refuses.
   *
   * @throws IOException when that fails
   */
  public static void sync() throws IOException {
    CHANNEL.force(true);
  }
}
