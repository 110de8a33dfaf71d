package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Ground;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.SwitchContract;
import java.io.IOException;

/** The contract on a file system that can do as little as possible. */
final class PoorSimulatedSwitchTest extends SwitchContract {

  @Override
  protected Ground ground() throws IOException {
    SimulatedVolume.Options poor = SimulatedVolume.Options.standard();
    for (Capability capability : Capability.values()) {
      poor = poor.without(capability);
    }
    return SimulatedGround.create(poor);
  }
}
