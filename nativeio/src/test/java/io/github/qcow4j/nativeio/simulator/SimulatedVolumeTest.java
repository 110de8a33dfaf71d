package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Ground;
import io.github.qcow4j.nativeio.VolumeContract;
import java.io.IOException;

final class SimulatedVolumeTest extends VolumeContract {

  @Override
  protected Ground ground() throws IOException {
    return SimulatedGround.create(SimulatedVolume.Options.standard());
  }
}
