package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.AtomicFileContract;
import io.github.qcow4j.nativeio.Ground;
import java.io.IOException;

final class SimulatedAtomicFileTest extends AtomicFileContract {

  @Override
  protected Ground ground() throws IOException {
    return SimulatedGround.create(SimulatedVolume.Options.standard());
  }
}
