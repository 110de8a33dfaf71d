package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.nativeio.StandardOutput;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** The standard output of this process. */
final class HostOutput implements Console.Binary {

  @Override
  public WritableByteChannel channel() {
    return StandardOutput.channel();
  }

  @Override
  public void sync() throws IOException {
    StandardOutput.sync();
  }
}
