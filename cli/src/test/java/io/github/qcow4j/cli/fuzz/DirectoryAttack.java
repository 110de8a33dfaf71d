package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.directory.DirectoryIntake;
import io.github.qcow4j.snapshot.directory.DirectoryPolicy;
import io.github.qcow4j.snapshot.intake.Staging;
import java.io.IOException;
import java.nio.file.Path;

/** A directory that is said to be a box's snapshot; the input is {@link PackedFiles}. */
final class DirectoryAttack {

  static final Path SOURCE = Path.of("/source");
  private static final Path STAGING = Path.of("/staging");

  private DirectoryAttack() {}

  static void stage(SimulatedVolume volume, byte[] input) throws IOException {
    volume.createDirectory(STAGING);
    PackedFiles.unpack(volume, SOURCE, input);
    try {
      Object _ =
          DirectoryIntake.stage(
              volume,
              SOURCE,
              new Staging(volume, STAGING),
              new DirectoryPolicy(ReferencePolicy.sameDirectory(), 1 << 20),
              new JobControl());
    } catch (IOException e) {
      if (!volume.list(STAGING).isEmpty()) {
        throw new AssertionError("left behind: " + volume.list(STAGING), e);
      }
      throw e;
    }
  }
}
