package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.ObservedHome;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Snapshots and restores that fail, or whose process dies, halfway. That each of their writes is
 * durable before the next one needs it is what {@code BoxCrashTest} shows.
 */
class InterruptedSnapshotTest extends ScenarioHome {

  private static final int HALTED = 86;

  /** A failure behind the renaming of the live disk would leave the box without one. */
  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"INTENT_COMMITTED", "FILES_MADE", "SWITCHED"})
  void aSnapshotThatFailsLeavesTheLiveDiskWhereItWas(Step step) throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("before");
    box.write(2);
    try (BoxHome failing =
        ObservedHome.open(
            home.directory(),
            at -> {
              if (at == step) {
                throw new UncheckedIOException(new IOException("out of luck"));
              }
            })) {
      assertThatThrownBy(() -> failing.snapshot("web", "failed", ""))
          .hasMessageContaining("out of luck");
      assertThatThrownBy(() -> failing.restore(new RestoreRequest("web", "before", null)))
          .hasMessageContaining("out of luck");
    }
    reopen();
    assertThat(box.snapshots()).containsExactly("before");
    box.reads(2).write(3).snapshot("failed");
    box.readsIn("failed", at(0, 3)).readsIn("before", at(0, 1));
  }

  /**
   * A process that dies between the new live disk and its row leaves a directory that nobody lists;
   * a second snapshot of the same name goes over it, and takes the data of both along.
   */
  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"FILES_MADE", "SWITCHED", "RESULT_COMMITTED"})
  void aSnapshotOfTheNameOfOneThatDiedHalfwayLosesNothing(Step step) throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1), at(1, 1));
    halt(step);
    boolean there = box.snapshots().contains("same");
    assertThat(there).isEqualTo(step != Step.FILES_MADE);
    box.write(at(0, 2));
    if (there) {
      box.readsIn("same", at(0, 1), at(1, 1)).snapshot("another");
    } else {
      box.snapshot("same");
      box.readsIn("same", at(0, 2), at(1, 1));
    }
    box.write(at(2, 3)).reads(at(0, 2), at(1, 1), at(2, 3));
    box.restore("same").reads(at(0, there ? 1 : 2), at(1, 1), at(2, 0));
  }

  /** Makes a snapshot in a process that ends at a step, and opens the home again. */
  private void halt(Step step) throws Exception {
    Path directory = home.directory();
    home.close();
    Process process = JavaProcess.start(HaltedSnapshot.class, directory.toString(), step.name());
    assertThat(process.waitFor()).isEqualTo(HALTED);
    home = ObservedHome.open(directory, at -> {});
  }

  /** The process that dies. */
  static final class HaltedSnapshot {

    private HaltedSnapshot() {}

    public static void main(String[] arguments) throws Exception {
      Step last = Step.valueOf(arguments[1]);
      try (BoxHome home =
          ObservedHome.open(
              Path.of(arguments[0]),
              step -> {
                if (step == last) {
                  Runtime.getRuntime().halt(HALTED);
                }
              })) {
        home.snapshot("web", "same", "");
      }
    }
  }

  /** A guard that removed the new disk when it was closed made every box useless after success. */
  @Test
  void whatASnapshotMadeIsThereWhenTheProgramHasEnded() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    cloneLive("web", "twin");
    box.restore("one");
    home.close();
    System.gc();
    home = ObservedHome.open(directory.resolve("home"), at -> {});
    for (String each : new String[] {"web", "twin"}) {
      try (RunningBox running = box(each).run()) {
        running.guest().reads(at(0, 1));
        running.guest().write(at(1, 2));
      }
      box(each).reads(at(0, 1), at(1, 2));
    }
  }
}
