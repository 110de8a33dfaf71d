package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.Ground;
import io.github.qcow4j.nativeio.SwitchContract;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class InterruptingKernelSwitchTest extends SwitchContract {

  @TempDir Path temporary;

  @Override
  protected Ground ground() throws IOException {
    return GrudgingKernel.interruptingGround(temporary);
  }
}
