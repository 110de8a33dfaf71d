package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A collection that is to keep some snapshots, on a disk that fails. */
class FailedEvictionTest {

  private static final CollectRequest KEEP_TWO = new CollectRequest(false, 2, null, null);

  @Test
  void aSnapshotThatCannotBeRemovedIsNotMadeUpForByTheNextOne() throws Exception {
    int failures = 0;
    for (int call = 1; ; call++) {
      SimulatedVolume volume =
          SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
      try (BoxHome home = SimulatedHome.recording().create(volume, 5)) {
        takeFour(home);
        volume.faults().failCall(call, Errno.EIO);
        List<Collected> lines = collect(home);
        boolean happened = volume.faults().happened();
        volume.faults().none();
        assertThat(home.snapshots("web"))
            .as("call %d", call)
            .extracting(Snapshot::name)
            .contains("three", "four");
        Set<String> staying = staying(home);
        for (Collected line : lines) {
          if (line.kind().equals("snapshot") && !isOpen(line)) {
            String name = line.name().substring("web/".length());
            assertThat(staying.contains(name)).as("%s", line).isEqualTo(!line.removed());
          }
        }
        failures += lines.stream().anyMatch(Collected::failed) ? 1 : 0;
        if (!happened) {
          break;
        }
      }
    }
    assertThat(failures).isGreaterThan(10);
  }

  @Test
  void aDamagedSnapshotIsNotMadeUpForByTheNextOne() throws Exception {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    try (BoxHome home = SimulatedHome.recording().create(volume, 5)) {
      takeFour(home);
      Damage.loseTables(volume, home.snapshotPath("web", "one", BoxDisk.ROOT));
      List<Collected> lines = collect(home);
      assertThat(lines).filteredOn(Collected::failed).isNotEmpty();
      assertThat(home.snapshots("web")).extracting(Snapshot::name).contains("three", "four");
    }
  }

  private static void takeFour(BoxHome home) throws IOException {
    DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
    home.create(new CreateRequest("web", List.of(empty)), new JobControl());
    for (String name : List.of("one", "two", "three", "four")) {
      Snapshot _ = home.snapshot("web", name, "");
    }
  }

  private static Set<String> staying(BoxHome home) throws IOException {
    return home.snapshots("web").stream().map(Snapshot::name).collect(Collectors.toSet());
  }

  private static boolean isOpen(Collected line) {
    return String.valueOf(line.hindrance()).contains("is ended or undone by the next command");
  }

  /** What it told, or nothing when it failed as a whole. */
  private static List<Collected> collect(BoxHome home) {
    try {
      return home.collect(KEEP_TWO, new JobControl());
    } catch (IOException _) {
      return List.of();
    }
  }
}
