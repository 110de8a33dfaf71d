package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A disk that is gone from some call on, so that what was begun can be neither ended nor undone.
 */
class UnsettledOperationTest {

  @Test
  void aSnapshotThatIsThereLaterWasNotToldToHaveFailedForGood() throws Exception {
    int unsettled = 0;
    boolean happened = true;
    for (int call = 1; happened; call++) {
      SimulatedVolume volume =
          SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
      SimulatedHome place = SimulatedHome.recording();
      try (BoxHome home = place.create(volume, 5)) {
        DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
        home.create(new CreateRequest("web", List.of(empty)), new JobControl());
        volume.faults().failFrom(call, Errno.ENOSPC);
        IOException failure = snapshot(home);
        happened = volume.faults().happened();
        volume.faults().none();
        if (failure instanceof UnsettledException) {
          unsettled++;
          assertThat(failure)
              .hasMessageContaining("No space left on device; what was begun is ended or undone");
        }
        place.recover(home);
        if (!home.snapshots("web").isEmpty() && failure != null) {
          assertThat(failure).as("call %d", call).isInstanceOf(UnsettledException.class);
        }
      }
    }
    assertThat(unsettled).isGreaterThan(3);
  }

  private static @Nullable IOException snapshot(BoxHome home) {
    try {
      Snapshot _ = home.snapshot("web", "one", "");
      return null;
    } catch (IOException e) {
      return e;
    }
  }
}
