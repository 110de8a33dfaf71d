package io.github.qcow4j.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another process is in the midst of something: who is in its way is told, until it is killed. */
class HeldByOthersTest {

  private static final Volume VOLUME = Volumes.host();

  @TempDir Path directory;

  @BeforeEach
  void prepare() throws Exception {
    HaltedWork.prepare(directory);
  }

  private Process park(HaltedWork work, Step step) throws Exception {
    Process process =
        JavaProcess.start(ParkedProcess.class, directory.toString(), work.name(), step.name());
    assertThat(process.inputReader(UTF_8).readLine()).isEqualTo("parked");
    return process;
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  private static void requireRefusal(Process holder, ThrowingCallable operation) {
    InUseException refusal = catchThrowableOfType(InUseException.class, operation);
    assertThat(refusal).isNotNull();
    assertThat(refusal.kind().exitCode()).isEqualTo(5);
    assertThat(refusal)
        .hasMessageContaining("process " + holder.pid())
        .hasMessageContaining("the halted one");
  }

  @Test
  void aBoxThatIsWorkedOnIsItsOwnUntilTheProcessDies() throws Exception {
    Process other = park(HaltedWork.SNAPSHOT, Step.SWITCHED);
    try (BoxHome home = BoxHome.open(HomeOptions.of(directory.resolve("home")))) {
      requireRefusal(other, () -> home.snapshot("web", "mine", ""));
      requireRefusal(other, () -> home.restore(new RestoreRequest("web", "s1", null)));
      requireRefusal(other, () -> home.rename("web", "mine"));
      requireRefusal(other, () -> home.remove("web", true));
      // Other boxes are free, and so are the layers that stay.
      home.snapshot("twin", "mine", "");
      home.cloneBox(new CloneRequest("web", "s1", List.of("mine"), false), new JobControl());
      kill(other);
      home.snapshot("web", "mine", "");
      Observation.requireAgreement(home, VOLUME);
    }
  }

  @Test
  void aLayerThatIsReadCanBeReadByManyAndIsNotRemovedUntilTheProcessDies() throws Exception {
    Process other = park(HaltedWork.EXPORT, Step.INTENT_COMMITTED);
    try (BoxHome home = BoxHome.open(HomeOptions.of(directory.resolve("home")))) {
      Map<String, String> before = Observation.of(home, VOLUME).disks();
      Process third = park(HaltedWork.CLONE_OF_A_SNAPSHOT, Step.INTENT_COMMITTED);
      kill(third);
      home.cloneBox(new CloneRequest("web", "s1", List.of("mine"), true), new JobControl());
      home.remove("mine", false);
      home.remove("twin", false);
      home.mergeSnapshot("web", "s2", new JobControl());
      requireRefusal(other, () -> home.mergeSnapshot("web", "s1", new JobControl()));
      requireRefusal(other, () -> home.remove("web", true));
      kill(other);
      home.mergeSnapshot("web", "s1", new JobControl());
      Map<String, String> shown = Observation.of(home, VOLUME).disks();
      assertThat(before).containsAllEntriesOf(shown);
      assertThat(shown).containsKeys("web:root", "web:data").doesNotContainKey("web/s1:root");
      // What the dead have begun without having a box to themselves.
      home.collect(CollectRequest.ofGarbage(false), new JobControl());
      Observation.requireAgreement(home, VOLUME);
    }
  }

  @Test
  void aRunningBoxIsFreeWhenItsHolderIsKilled() throws Exception {
    Process other = park(HaltedWork.SNAPSHOT_OF_A_RUNNING_BOX, Step.RESULT_COMMITTED);
    try (BoxHome home = BoxHome.open(HomeOptions.of(directory.resolve("home")))) {
      BoxException refusal =
          catchThrowableOfType(BoxException.class, () -> home.snapshot("web", "mine", ""));
      assertThat(refusal).isInstanceOf(InUseException.class);
      kill(other);
      assertThat(home.snapshots("web")).hasSize(3);
      home.snapshot("web", "mine", "");
      Observation.requireAgreement(home, VOLUME);
    }
  }
}
