package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Defect: a check of a home asked once what lies on what. What others did to a box afterwards, and
 * before its turn had come, made it look damaged, and a repair shut it away.
 */
class CheckBesideOthersTest {

  @TempDir private Path directory;

  private HomeOptions options;
  private Path firstLayer;

  /** What others do while the check reads the layer of the first box. */
  @FunctionalInterface
  private interface Meanwhile {
    void happen() throws IOException;
  }

  /** What ends a process, and cannot be caught by what it was about. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  @BeforeEach
  void makeBoxes() throws Exception {
    options = HomeOptions.of(directory.resolve("home"));
    try (BoxHome home = BoxHome.open(options)) {
      for (String name : List.of("first", "second")) {
        DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
        home.create(new CreateRequest(name, List.of(root)), new JobControl());
      }
      home.snapshot("first", "one", "");
      firstLayer = home.snapshotPath("first", "one", BoxDisk.ROOT);
    }
  }

  private void snapshotSecond() throws IOException {
    try (BoxHome other = BoxHome.open(options)) {
      other.snapshot("second", "s", "");
    }
  }

  /** Once its disk has been switched, before the catalogue says so. */
  private void killSnapshotOfSecond() throws IOException {
    try (BoxHome other =
        ObservedHome.open(
            options.directory(),
            step -> {
              if (step == Step.SWITCHED) {
                throw new Killed();
              }
            })) {
      assertThatThrownBy(() -> other.snapshot("second", "s", "")).isInstanceOf(Killed.class);
    }
  }

  private HomeReport check(boolean repairing, Meanwhile meanwhile) throws IOException {
    AtomicBoolean happened = new AtomicBoolean();
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              if (firstLayer.equals(call.path()) && happened.compareAndSet(false, true)) {
                meanwhile.happen();
              }
            });
    try (BoxHome home = BoxHome.open(options, tapped.volume())) {
      HomeReport report = home.check(repairing, new JobControl());
      assertThat(happened).isTrue();
      return report;
    }
  }

  private void requireSnapshotOfSecond() throws IOException {
    try (BoxHome home = BoxHome.open(options)) {
      assertThat(home.list()).extracting(Box::status).containsOnly(BoxStatus.STOPPED);
      assertThat(home.snapshots("second")).hasSize(1);
      assertThat(home.check(false, new JobControl()).lines()).isEmpty();
    }
  }

  @Test
  void aBoxOfWhichASnapshotIsTakenMeanwhileIsFoundSound() throws Exception {
    assertThat(check(false, this::snapshotSecond).lines()).isEmpty();
    requireSnapshotOfSecond();
  }

  @Test
  void aRepairShutsNoBoxAwayOfWhichASnapshotIsTakenMeanwhile() throws Exception {
    assertThat(check(true, this::snapshotSecond).lines()).isEmpty();
    requireSnapshotOfSecond();
  }

  @Test
  void whatDiesOnABoxMeanwhileIsEndedBeforeTheBoxIsJudged() throws Exception {
    assertThat(check(true, this::killSnapshotOfSecond).lines()).isEmpty();
    requireSnapshotOfSecond();
  }
}
