package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An export to a new directory, one of whose syncs fails. */
final class UnsyncedExportTest {

  @Test
  void aDirectoryThatWasMadeIsGoneWhateverCouldNotBeSynced() throws Exception {
    SimulatedVolume volume = SimulatedVolume.create();
    try (BoxHome home = SimulatedHome.recording().create(volume, 5)) {
      DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
      home.create(new CreateRequest("web", List.of(empty)), new JobControl());
      int failed = 0;
      while (!exports(home, volume, failed + 1)) {
        failed++;
      }
      // The parent, the directory, and the directory again with the envelope in it.
      assertThat(failed).isGreaterThanOrEqualTo(3);
    }
  }

  private static boolean exports(BoxHome home, SimulatedVolume volume, int failing)
      throws IOException {
    Path directory = Path.of("/exported");
    boolean done = false;
    volume.faults().only("fsync").failCall(failing, Errno.EIO);
    try {
      home.exportDirectory("web", null, directory, new JobControl());
      done = true;
    } catch (IOException e) {
      assertThat(e).hasMessageEndingWith("Input/output error");
    }
    volume.faults().none();
    assertThat(volume.exists(directory)).as("after sync %d", failing).isEqualTo(done);
    return done;
  }
}
