package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.DoneUnseenException;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What fails once an operation is done. */
class DoneUnseenOperationTest {

  @Test
  void aBoxThatIsMadeAndCannotBeShownIsToldToBeMade() throws Exception {
    int unseen = 0;
    boolean happened = true;
    for (int call = 1; happened; call++) {
      SimulatedVolume volume = volume();
      SimulatedHome place = SimulatedHome.recording();
      try (BoxHome home = place.create(volume, 5)) {
        volume.faults().failCall(call, Errno.EIO);
        IOException failure = create(home);
        happened = volume.faults().happened();
        volume.faults().none();
        place.recover(home);
        boolean made = !home.list().isEmpty();
        if (failure instanceof DoneUnseenException) {
          unseen++;
          assertThat(failure)
              .hasMessageStartingWith("box 'web' is made, but what it came to cannot be shown: ")
              .hasMessageEndingWith(Errno.EIO.text());
          assertThat(made).as("call %d", call).isTrue();
        } else if (!(failure instanceof UnsettledException)) {
          assertThat(made).as("call %d, %s", call, failure).isEqualTo(failure == null);
        }
      }
    }
    assertThat(unseen).isPositive();
  }

  /** {@code close(2)} may say that it failed, and has closed; here the file stays open with it. */
  @Test
  void whatCannotBeClosedDoesNotTellASnapshotThatIsThereToHaveFailed() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    int done = 0;
    boolean happened = true;
    for (int call = 1; happened; call++) {
      int failing = call;
      calls.set(Integer.MIN_VALUE);
      SimulatedVolume volume = volume();
      TappedVolume tapped =
          new TappedVolume(
              volume,
              each -> {
                if (each.is("close") && calls.incrementAndGet() == failing) {
                  throw Errno.EIO.exception("close", String.valueOf(each.path()));
                }
              });
      SimulatedHome place = SimulatedHome.recording();
      try (BoxHome made = place.create(volume, 5)) {
        assertThat(create(made)).isNull();
      }
      try (BoxHome home = place.reopen(tapped.volume(), 6)) {
        calls.set(0);
        IOException failure = snapshot(home);
        happened = calls.get() >= failing;
        calls.set(Integer.MIN_VALUE);
        place.recover(home);
        assertThat(home.snapshots("web").isEmpty())
            .as("close %d, %s", call, failure)
            .isEqualTo(failure != null);
        done += happened && failure == null ? 1 : 0;
      }
    }
    assertThat(done).isPositive();
  }

  private static SimulatedVolume volume() {
    return SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
  }

  private static @Nullable IOException create(BoxHome home) {
    DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES);
    try {
      Box made = home.create(new CreateRequest("web", List.of(empty)), new JobControl()).box();
      assertThat(made.name()).isEqualTo("web");
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private static @Nullable IOException snapshot(BoxHome home) {
    try {
      assertThat(home.snapshot("web", "one", "").name()).isEqualTo("one");
      return null;
    } catch (IOException e) {
      return e;
    }
  }
}
