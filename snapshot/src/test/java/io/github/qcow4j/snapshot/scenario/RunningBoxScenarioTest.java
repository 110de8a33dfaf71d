package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.quiesce.Consistency;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** Boxes that a guest writes to meanwhile. */
class RunningBoxScenarioTest extends ScenarioHome {

  @Test
  @Scenario(14)
  void aSnapshotOfARunningBoxLetsItsGuestGoOn() throws Exception {
    BoxUnderTest box = create("web");
    try (RunningBox running = box.run()) {
      running.guest().write(at(0, 1));
      Captured captured = box.capture("live");
      assertThat(captured.consistency()).isEqualTo(Consistency.CRASH);
      assertThat(captured.method()).isNotNull();
      assertThat(captured.thawFailure()).isNull();
      assertThat(box.status()).isEqualTo(BoxStatus.RUNNING);
      running.guest().write(at(0, 2));
      running.guest().reads(at(0, 2));
    }
    box.readsIn("live", at(0, 1)).reads(2);
    box.restore("live").reads(1);
  }

  /**
   * A program that renames the disk below its writer makes what the writer goes on writing to a
   * part of the snapshot, and of all that lies on it.
   */
  @Test
  void theWriterOfARunningBoxNeverWritesIntoASnapshotOfIt() throws Exception {
    BoxUnderTest box = create("web").write(9);
    box.snapshot("stopped");
    try (RunningBox running = box.run()) {
      running.guest().write(at(0, 1), at(1, 1));
      Object file = Files.getAttribute(box.disk(), "unix:ino");
      box.capture("live");
      assertThat(Files.getAttribute(box.disk(), "unix:ino")).isEqualTo(file);
      cloneOf("web", "live", "twin");
      running.guest().write(at(0, 2), at(1, 2), at(2, 2));
      box("twin").write(at(3, 3)).reads(at(0, 1), at(1, 1), at(2, 0), at(3, 3));
      box.readsIn("live", at(0, 1), at(1, 1), at(2, 0), at(3, 0));
      running.guest().write(at(3, 2));
    }
    box.reads(at(0, 2), at(1, 2), at(2, 2), at(3, 2));
    box.readsIn("live", at(0, 1), at(1, 1), at(2, 0), at(3, 0)).readsIn("stopped", at(0, 9));
  }

  @Test
  @Scenario(15)
  void aRunningBoxIsNotRestoredAndGoesOn() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    try (RunningBox running = box.run()) {
      running.guest().write(at(0, 2));
      assertThatThrownBy(() -> box.restore("one"))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("qemu-io");
      assertThat(box.status()).isEqualTo(BoxStatus.RUNNING);
      running.guest().reads(at(0, 2));
    }
    box.reads(2);
  }

  @Test
  @Scenario(16)
  void snapshotsOfARunningBoxAreRemovedOnlyWhenNothingLiesOnThem() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("v1");
    try (RunningBox running = box.run()) {
      running.guest().write(at(1, 2));
      box.capture("v2");
      assertThatThrownBy(() -> box.remove("v1"))
          .isInstanceOf(DependedOnException.class)
          .hasMessageContaining("box 'web'")
          .hasMessageContaining("snapshot 'v2'");
      box.remove("v2");
      running.guest().reads(at(0, 1), at(1, 2));
      assertThatThrownBy(() -> box.merge("v1")).isInstanceOf(InUseException.class);
      running.guest().write(at(2, 3));
    }
    assertThat(box.snapshots()).containsExactly("v1");
    box.reads(at(0, 1), at(1, 2), at(2, 3)).readsIn("v1", at(0, 1), at(1, 0));
  }

  @Test
  @Scenario(17)
  void aRunningBoxTakesTwoSnapshotsAndBothAreWhatItWas() throws Exception {
    BoxUnderTest box = create("web");
    try (RunningBox running = box.run()) {
      running.guest().write(at(0, 1));
      box.capture("first");
      running.guest().write(at(0, 2), at(1, 2));
      box.capture("second");
      running.guest().write(at(0, 3));
    }
    assertThat(box.snapshots()).containsExactly("second", "first");
    box.readsIn("first", at(0, 1), at(1, 0)).readsIn("second", at(0, 2), at(1, 2)).reads(3);
  }

  @Test
  void aWriterThatNobodyToldAboutIsMetByItsLocksAndNothingIsFrozenUnderIt() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    try (Guest guest = Guest.start(qemu, box.disk())) {
      guest.write(at(0, 2));
      for (Attempt each : Attempt.values()) {
        assertThatThrownBy(() -> each.on(box)).as(each.name()).isInstanceOf(InUseException.class);
      }
      guest.write(at(0, 3));
    }
    box.reads(3).readsIn("one", at(0, 1));
    assertThat(box.snapshots()).containsExactly("one");
  }

  /** What changes a stopped box's live disk, or reads it. */
  private enum Attempt {
    SNAPSHOT {
      @Override
      void on(BoxUnderTest box) throws Exception {
        box.snapshot("two");
      }
    },
    RESTORE {
      @Override
      void on(BoxUnderTest box) throws Exception {
        box.restore("one");
      }
    },
    MERGE {
      @Override
      void on(BoxUnderTest box) throws Exception {
        box.merge("one");
      }
    },
    CLONE {
      @Override
      void on(BoxUnderTest box) throws Exception {
        box.scenario().cloneLive("web", "twin");
      }
    },
    REMOVE {
      @Override
      void on(BoxUnderTest box) throws Exception {
        box.scenario().home.remove("web", false);
      }
    };

    abstract void on(BoxUnderTest box) throws Exception;
  }
}
