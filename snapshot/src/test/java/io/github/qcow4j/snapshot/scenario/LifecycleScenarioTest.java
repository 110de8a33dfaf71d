package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.snapshot.model.BoxStatus;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Boxes and snapshots over a time, the program started again in between. */
class LifecycleScenarioTest extends ScenarioHome {

  @Test
  @Scenario(52)
  void aSnapshotOutlivesItsBoxesRunsAndTheProgram() throws Exception {
    BoxUnderTest box = create("web");
    try (RunningBox running = box.run()) {
      running.guest().write(at(0, 1));
    }
    box.snapshot("one");
    reopen();
    try (RunningBox running = box.run()) {
      running.guest().reads(at(0, 1));
      running.guest().write(at(0, 2));
    }
    reopen();
    assertThat(box.snapshots()).containsExactly("one");
    box.restore("one");
    reopen();
    box.reads(1);
  }

  @Test
  @Scenario(53)
  void theStatusIsTrueAllTheWay() throws Exception {
    BoxUnderTest box = create("web");
    assertThat(box.status()).isEqualTo(BoxStatus.STOPPED);
    try (RunningBox running = box.run()) {
      assertThat(box.status()).isEqualTo(BoxStatus.RUNNING);
      box.capture("one");
      assertThat(box.status()).isEqualTo(BoxStatus.RUNNING);
      assertThat(box.shown().holder()).isEqualTo(running.guest().holder());
    }
    assertThat(box.status()).isEqualTo(BoxStatus.STOPPED);
    box.restore("one");
    assertThat(box.status()).isEqualTo(BoxStatus.STOPPED);
    try (RunningBox running = box.run()) {
      assertThat(box.status()).isEqualTo(BoxStatus.RUNNING);
      running.guest().reads(at(0, 0));
    }
  }

  @Test
  @Scenario(54)
  void aSourceGoesBackAndItsCloneStaysWhereItIs() throws Exception {
    BoxUnderTest box = create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    box.write(2).snapshot("b");
    box.write(3).restore("b").reads(2);
    twin.reads(1);
  }

  @Test
  @Scenario(55)
  void boxesAreRestoredOneByOne() throws Exception {
    BoxUnderTest one = create("one").write(1);
    BoxUnderTest two = create("two").write(2);
    one.snapshot("same name");
    two.snapshot("same name");
    one.write(3);
    two.write(4);
    one.restore("same name").reads(1);
    two.reads(4).readsIn("same name", at(0, 2));
  }

  @Test
  @Scenario(56)
  void aBoxIsClonedExportedAndImportedOneAfterTheOther() throws Exception {
    BoxUnderTest box = create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    Path archive = box.export();
    BoxUnderTest back = importArchive(archive, "back");
    box.write(2);
    twin.write(3);
    back.write(4);
    box.reads(2);
    twin.reads(3);
    back.reads(4);
  }
}
