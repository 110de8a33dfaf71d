package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.transfer.UnsyncedExportException;
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

  @Test
  void anArchiveThatCouldNotBeSyncedIsGoneOrToldToStandThere() throws Exception {
    SimulatedVolume volume = SimulatedVolume.create();
    try (BoxHome home = SimulatedHome.recording().create(volume, 5)) {
      DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
      home.create(new CreateRequest("web", List.of(empty)), new JobControl());
      Path archive = Path.of("/web.boxlite");
      // The file itself, then its directory.
      volume.faults().only("fsync").failCall(2, Errno.EIO);
      assertThatThrownBy(() -> export(home, volume, archive))
          .isNotInstanceOf(UnsyncedExportException.class);
      assertThat(volume.exists(archive)).isFalse();
      volume.faults().only("fsync", "unlink").failFrom(2, Errno.EIO);
      assertThatThrownBy(() -> export(home, volume, archive))
          .isInstanceOf(UnsyncedExportException.class)
          .hasMessageStartingWith("'/web.boxlite' is whole, but a power cut may take it away: ")
          .hasMessageEndingWith("Input/output error");
      volume.faults().none();
      assertThat(volume.exists(archive)).isTrue();
    }
  }

  private static void export(BoxHome home, SimulatedVolume volume, Path archive)
      throws IOException {
    home.export(
        new ExportRequest("web", null, Compression.NONE, 0),
        new ArchiveDestination.ToFile(volume, archive, RenameMode.NO_REPLACE),
        new JobControl());
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
