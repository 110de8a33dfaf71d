package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Ground;
import io.github.qcow4j.nativeio.SwitchContract;
import java.io.IOException;

final class SimulatedSwitchTest extends SwitchContract {

  @Override
  protected Ground ground() throws IOException {
    return SimulatedGround.create(SimulatedVolume.Options.standard());
  }
}
