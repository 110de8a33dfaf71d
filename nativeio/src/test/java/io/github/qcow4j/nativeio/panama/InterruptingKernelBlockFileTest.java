package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.BlockFileContract;
import io.github.qcow4j.nativeio.Ground;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class InterruptingKernelBlockFileTest extends BlockFileContract {

  @TempDir Path temporary;

  @Override
  protected Ground ground() throws IOException {
    return GrudgingKernel.interruptingGround(temporary);
  }
}
