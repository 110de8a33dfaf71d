package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.AtomicFileContract;
import io.github.qcow4j.nativeio.Ground;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class InterruptingKernelAtomicFileTest extends AtomicFileContract {

  @TempDir Path temporary;

  @Override
  protected Ground ground() throws IOException {
    return GrudgingKernel.interruptingGround(temporary);
  }
}
