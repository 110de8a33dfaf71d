package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Power goes at every moment of an import into a home. */
class ImportCrashTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 8L);

  @Test
  void aHomeOpensThoughThePowerHasTakenTheStagingDirectoryOfAnImport() throws Exception {
    SimulatedVolume volume = SimulatedVolume.create();
    SimulatedHome place = SimulatedHome.recording();
    try (BoxHome home = place.create(volume, SEED)) {
      JobControl control = new JobControl();
      home.create(
          new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES))),
          control);
      DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), 4096, 9000, SEED);
      ByteArrayOutputStream archive = new ByteArrayOutputStream();
      home.export(
          new ExportRequest("web", null, Compression.NONE, 0),
          new ArchiveDestination.ToChannel(Channels.newChannel(archive)),
          control);
      Observation before = Observation.of(home, volume);
      volume.settle();
      home.importArchive(
          new ArchiveSource.FromChannel(
              Channels.newChannel(new ByteArrayInputStream(archive.toByteArray()))),
          "again",
          IntakeLimits.DEFAULT,
          control);
      volume.mark("returned");
      Observation after = Observation.of(home, volume);
      assertThat(after.disks().get("again:root")).isEqualTo(after.disks().get("web:root"));

      CrashReport report =
          CrashExplorer.of(volume)
              .seed(SEED)
              .limitPerPoint(32)
              .explore(state -> {
                try (BoxHome left = place.reopen(state.volume(), SEED + 1)) {
                  Observation shown = Observation.of(left, state.volume());
                  assertThat(shown)
                      .isIn(
                          state.marks().contains("returned")
                              ? List.of(after)
                              : List.of(before, after));
                  Observation.requireAgreement(left, state.volume());
                }
              });
      System.out.println("crash states of an import, seed " + SEED + ": " + report);
      assertThat(report.distinctStates()).isGreaterThan(20);
    }
  }
}
