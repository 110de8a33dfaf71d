package io.github.qcow4j.cli.console;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * Bytes to standard output whose failures say where they were to go: the kernel's reason alone, as
 * that no space is left, would leave the user to guess which of the files it is about.
 */
record NamedOutput(Console.Binary output) implements Console.Binary {

  @Override
  public WritableByteChannel channel() {
    return new Named(output.channel());
  }

  @Override
  public void sync() throws IOException {
    try {
      output.sync();
    } catch (IOException e) {
      throw named(e);
    }
  }

  private static IOException named(IOException failure) {
    return new IOException("Could not write to standard output: " + failure.getMessage(), failure);
  }

  private record Named(WritableByteChannel channel) implements WritableByteChannel {

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      try {
        return channel.write(bytes);
      } catch (IOException e) {
        throw named(e);
      }
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
