package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException.Kind;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An image whose header has to be asked before anything is removed, and does not answer. */
final class UnreadHeaderTest {

  @Test
  void aDiskThatFailsToGiveAHeaderIsNotCalledCorruptAndAMissingImageIs() throws Exception {
    SimulatedVolume volume = SimulatedVolume.create();
    try (BoxHome home = SimulatedHome.recording().create(volume, 5)) {
      DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
      home.create(new CreateRequest("web", List.of(empty)), new JobControl());
      home.create(new CreateRequest("other", List.of(empty)), new JobControl());
      home.snapshot("web", "one", "");

      volume.faults().only("pread").failFrom(1, Errno.EIO);
      requireRefused(home, Kind.FAILED, "Input/output error");
      volume.faults().none();
      volume.unlink(home.path("other", BoxDisk.ROOT));
      requireRefused(home, Kind.CORRUPT, "No such file or directory");
    }
  }

  private static void requireRefused(BoxHome home, Kind kind, String reason) {
    assertThatExceptionOfType(DisagreementException.class)
        .isThrownBy(() -> home.remove("web", true))
        .withMessageContaining("could not be asked; nothing was removed: ")
        .withMessageEndingWith(reason)
        .satisfies(e -> assertThat(e.kind()).isEqualTo(kind));
  }
}
