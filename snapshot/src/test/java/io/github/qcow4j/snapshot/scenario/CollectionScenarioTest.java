package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.model.CollectRequest;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Layers that several need, and that go with the last of them. */
class CollectionScenarioTest extends ScenarioHome {

  /** Nothing is left for a collection that went with what needed it. */
  private void requireNothingToCollect() throws IOException {
    assertThat(home.collect(CollectRequest.ofGarbage(true), new JobControl())).isEmpty();
  }

  @Test
  @Scenario(61)
  void theLastCloneGoesAndItsSourceGoesOn() throws Exception {
    BoxUnderTest box = create("web").write(1);
    cloneLive("web", "twin");
    assertThat(list("layers")).hasSize(1);
    home.remove("twin", false);
    box.reads(1).write(2).reads(2);
    requireNothingToCollect();
    home.remove("web", false);
    assertThat(images()).isEmpty();
  }

  @Test
  @Scenario(62)
  void oneOfTwoClonesGoesAndTheBaseStaysForTheOther() throws Exception {
    create("web").write(1);
    cloneLive("web", "one", "two");
    home.remove("one", false);
    home.remove("web", true);
    box("two").reads(1);
    assertThat(list("layers")).hasSize(1);
    requireNothingToCollect();
  }

  @Test
  @Scenario(63)
  void clonesOfClonesGoInAnyOrderAndTakeTheirBasesAlong() throws Exception {
    create("s").write(at(0, 1));
    cloneLive("s", "c").getFirst().write(at(1, 2));
    cloneLive("c", "cc").getFirst().write(at(2, 3));
    home.remove("cc", false);
    box("c").reads(at(0, 1), at(1, 2), at(2, 0));
    home.remove("c", false);
    box("s").reads(at(0, 1), at(1, 0));
    requireNothingToCollect();
    home.remove("s", false);
    assertThat(images()).isEmpty();
  }

  /** A source whose snapshots lie below a clone's base is removed by force. */
  @Test
  void theSnapshotsOfAForceRemovedSourceStayBelowItsClones() throws Exception {
    BoxUnderTest box = create("s").write(at(0, 1));
    box.snapshot("below");
    box.write(at(1, 2)).snapshot("below too");
    box.write(at(2, 3));
    cloneLive("s", "c");
    home.remove("s", true);
    reopen();
    box("c").reads(at(0, 1), at(1, 2), at(2, 3), at(3, 0));
    requireNothingToCollect();
    home.remove("c", false);
    assertThat(images()).isEmpty();
  }

  /** A base that lies on another one needs it, though no box lies on that any more. */
  @Test
  void aBaseNeedsTheBaseThatItLiesOn() throws Exception {
    create("s").write(at(0, 1));
    cloneLive("s", "c1").getFirst().write(at(1, 2));
    cloneLive("c1", "c3");
    home.remove("c1", true);
    assertThatThrownBy(() -> home.remove("s", false))
        .isInstanceOf(DependedOnException.class)
        .hasMessageEndingWith(": box 'c3'");
    box("c3").reads(at(0, 1), at(1, 2));
    home.remove("s", true);
    requireNothingToCollect();
    box("c3").reads(at(0, 1), at(1, 2)).write(at(2, 4)).snapshot("goes on");
    home.remove("c3", false);
    assertThat(images()).isEmpty();
  }
}
