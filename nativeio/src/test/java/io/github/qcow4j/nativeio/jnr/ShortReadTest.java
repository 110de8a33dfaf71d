package io.github.qcow4j.nativeio.jnr;

import io.github.qcow4j.nativeio.ShortReadContract;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import java.io.IOException;

/** Reads by jnr-ffi that come short. */
final class ShortReadTest extends ShortReadContract {

  ShortReadTest() throws IOException {}

  @Override
  protected LinuxCalls calls() {
    return new JnrCalls();
  }
}
