package io.github.qcow4j.nativeio;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class PanamaSwitchTest extends SwitchContract {

  @TempDir Path temporary;

  @Override
  protected Ground ground() {
    return new HostGround(HostGround.provider("panama"), temporary);
  }
}
