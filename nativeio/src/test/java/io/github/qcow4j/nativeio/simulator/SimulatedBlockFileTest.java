package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.BlockFileContract;
import io.github.qcow4j.nativeio.Ground;
import java.io.IOException;

final class SimulatedBlockFileTest extends BlockFileContract {

  @Override
  protected Ground ground() throws IOException {
    return SimulatedGround.create(SimulatedVolume.Options.standard());
  }
}
