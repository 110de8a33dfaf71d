package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.Ground;
import java.io.IOException;
import java.nio.file.Path;

/** A directory of a new simulated volume. */
record SimulatedGround(SimulatedVolume volume, Path directory) implements Ground {

  static SimulatedGround create(SimulatedVolume.Options options) throws IOException {
    SimulatedVolume volume = SimulatedVolume.create(options);
    Path directory = Path.of("/test");
    volume.createDirectory(directory);
    return new SimulatedGround(volume, directory);
  }

  @Override
  public void makeSymbolicLink(Path link, Path target) throws IOException {
    volume.makeSymbolicLink(link, target);
  }

  @Override
  public void setPermissions(Path path, int permissions) throws IOException {
    volume.setPermissions(path, permissions);
  }
}
