package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.ShortReadContract;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import java.io.IOException;

/** Reads by java.lang.foreign that come short. */
final class ShortReadTest extends ShortReadContract {

  ShortReadTest() throws IOException {}

  @Override
  protected LinuxCalls calls() {
    return new PanamaCalls();
  }
}
