package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.DependedOnException;
import org.junit.jupiter.api.Test;

/** Snapshots and clones of one box beside each other. */
class SnapshotAndCloneScenarioTest extends ScenarioHome {

  @Test
  @Scenario(18)
  void aCloneBeginsAsTheLiveDiskAndTheSnapshotStaysBehindIt() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("v1");
    box.write(2);
    cloneLive("web", "twin");
    box("twin").reads(2);
    box.restore("v1").reads(1);
    box("twin").reads(2);
  }

  @Test
  @Scenario(19)
  void aSnapshotUnderACloneCannotBeRemoved() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("under");
    box.write(at(1, 2));
    cloneLive("web", "twin");
    assertThatThrownBy(() -> box.remove("under"))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("clone_base");
    box.restore("under");
    box.snapshot("elsewhere");
    assertThatThrownBy(() -> box.remove("under")).isInstanceOf(DependedOnException.class);
    box("twin").reads(at(0, 1), at(1, 2));
    box.merge("under");
    box("twin").reads(at(0, 1), at(1, 2));
    box.reads(at(0, 1), at(1, 0));
  }

  @Test
  @Scenario(20)
  void aCloneHasSnapshotsOfItsOwn() throws Exception {
    BoxUnderTest box = create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    twin.write(2).snapshot("mine");
    twin.write(3);
    assertThat(box.snapshots()).isEmpty();
    twin.restore("mine").reads(2);
    box.reads(1);
  }

  @Test
  @Scenario(21)
  void aCloneOfACloneHasWhatBothHave() throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1));
    BoxUnderTest first = cloneLive("web", "first").getFirst().write(at(1, 2));
    BoxUnderTest second = cloneLive("first", "second").getFirst().write(at(2, 3));
    second.reads(at(0, 1), at(1, 2), at(2, 3));
    first.reads(at(0, 1), at(1, 2), at(2, 0));
    box.reads(at(0, 1), at(1, 0), at(2, 0));
  }

  @Test
  @Scenario(22)
  void whatTheSourceDoesLaterReachesNoClone() throws Exception {
    BoxUnderTest box = create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    box.write(2).snapshot("later");
    box.write(3).restore("later");
    twin.reads(1);
    assertThat(twin.snapshots()).isEmpty();
  }
}
