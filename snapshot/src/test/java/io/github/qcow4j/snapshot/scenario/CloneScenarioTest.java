package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clones, one and many. */
class CloneScenarioTest extends ScenarioHome {

  @Test
  @Scenario({23, 26, 30})
  void oneCallMakesManyClonesOfOneBaseAndEachIsItsOwnMaster() throws Exception {
    create("web").write(1);
    List<BoxUnderTest> clones = cloneLive("web", "c1", "c2", "c3", "c4", "c5");
    assertThat(list("layers")).hasSize(1);
    assertThat(home.list())
        .extracting(Box::name)
        .containsExactly("c1", "c2", "c3", "c4", "c5", "web");
    assertThat(home.list()).extracting(Box::id).doesNotHaveDuplicates();
    assertThat(home.list()).extracting(Box::status).containsOnly(BoxStatus.STOPPED);
    List<RunningBox> running = new ArrayList<>();
    try {
      for (BoxUnderTest each : clones) {
        running.add(each.run());
      }
      int mark = 10;
      for (RunningBox each : running) {
        each.guest().reads(at(0, 1));
        each.guest().write(at(1, mark++));
      }
    } finally {
      for (RunningBox each : running) {
        each.close();
      }
    }
    for (int at = 0; at < clones.size(); at++) {
      clones.get(at).reads(at(0, 1), at(1, 10 + at));
    }
    box("web").reads(at(0, 1), at(1, 0));
  }

  /** A count that differs from the names cannot be said to the library: names are the count. */
  @Test
  @Scenario({24, 25, 28})
  void clonesWithoutNamesOrWithOneNameTwiceAreNoClones() throws Exception {
    create("web").write(1);
    assertThatThrownBy(() -> cloneLive("web")).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> cloneLive("web", "a", "a"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("'a'");
    assertThatThrownBy(() -> cloneLive("web", "a", "")).isInstanceOf(InvalidRequestException.class);
    assertThat(home.list()).extracting(Box::name).containsExactly("web");
    assertThat(list("layers")).isEmpty();
  }

  @Test
  @Scenario(27)
  void neitherSideSeesWhatTheOtherWrites() throws Exception {
    BoxUnderTest box = create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    box.write(at(1, 2));
    twin.write(at(2, 3));
    box.reads(at(0, 1), at(1, 2), at(2, 0));
    twin.reads(at(0, 1), at(1, 0), at(2, 3));
  }

  @Test
  @Scenario(29)
  void aTakenNameLeavesNoneOfTheClones() throws Exception {
    create("web").write(1);
    create("taken");
    assertThatThrownBy(() -> cloneLive("web", "a", "taken", "b"))
        .isInstanceOf(NameTakenException.class)
        .hasMessageContaining("'taken'");
    assertThat(home.list()).extracting(Box::name).containsExactly("taken", "web");
    assertThat(list("layers")).isEmpty();
    assertThat(list("disks")).hasSize(2);
  }
}
