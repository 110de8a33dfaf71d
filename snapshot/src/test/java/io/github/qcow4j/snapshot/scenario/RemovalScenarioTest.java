package io.github.qcow4j.snapshot.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.DependedOnException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Snapshots that go, and such as must not. */
class RemovalScenarioTest extends ScenarioHome {

  @Test
  @Scenario(7)
  void aSnapshotThatNothingNeedsGoesWithItsFile() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("s1");
    box.write(2).snapshot("s2");
    box.restore("s1");
    box.snapshot("afterwards");
    Path file = box.disk("s2");
    assertThat(file).exists();
    box.remove("s2");
    assertThat(file).doesNotExist();
    assertThat(box.snapshots()).containsExactly("afterwards", "s1");
    box.reads(1).restore("s1").reads(1);
  }

  @Test
  @Scenario(8)
  void theNameOfARemovedSnapshotIsFreeAgain() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("base");
    box.write(2).snapshot("again");
    box.restore("base").write(3).snapshot("anchor");
    box.remove("again");
    box.write(4).snapshot("again");
    box.readsIn("again", Patch.at(0, 4)).restore("again").reads(4);
  }

  @Test
  @Scenario(9)
  void aSnapshotThatIsNotThereCannotBeRemoved() throws Exception {
    BoxUnderTest box = create("web");
    assertThatThrownBy(() -> box.remove("never"))
        .isInstanceOf(BoxNotFoundException.class)
        .hasMessageContaining("never");
    assertThatThrownBy(() -> box("nobody").remove("never"))
        .isInstanceOf(BoxNotFoundException.class)
        .hasMessageContaining("nobody");
  }

  @Test
  @Scenario(10)
  void theSnapshotUnderTheLiveDiskStaysAndTheRefusalNamesTheBox() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("under");
    assertThatThrownBy(() -> box.remove("under"))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("box 'web'");
    assertThat(box.snapshots()).containsExactly("under");
    box.reads(1).restore("under").reads(1);
  }

  @Test
  @Scenario({11, 13})
  void whatTheRestoredVersionLiesOnStaysAndWhatLiesBesideItGoes() throws Exception {
    BoxUnderTest box = create("web");
    for (int version = 1; version <= 3; version++) {
      box.write(version).snapshot("v" + version);
    }
    box.restore("v2").write(Patch.at(4, 4)).snapshot("branch");
    assertThatThrownBy(() -> box.remove("v1"))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("snapshot 'v2'");
    box.remove("v3");
    assertThat(box.snapshots()).containsExactly("branch", "v2", "v1");
    box.reads(Patch.at(0, 2), Patch.at(4, 4));
  }

  @Test
  @Scenario(12)
  void theOldestSnapshotStaysWhileANewerOneLiesOnIt() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("v1");
    box.write(Patch.at(1, 2)).snapshot("v2");
    assertThatThrownBy(() -> box.remove("v1"))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("snapshot 'v2'");
    box.restore("v2").reads(Patch.at(0, 1), Patch.at(1, 2));
  }

  @Test
  @Scenario({10, 12, 13})
  void mergedAnySnapshotCanGoAndTheOthersShowWhatTheyShowed() throws Exception {
    BoxUnderTest box = create("web");
    for (int version = 1; version <= 4; version++) {
      box.write(Patch.at(0, version), Patch.at(version, version)).snapshot("v" + version);
    }
    Path middle = box.disk("v2");
    box.merge("v2");
    box.merge("v4");
    box.merge("v1");
    assertThat(Files.exists(middle)).isFalse();
    assertThat(box.snapshots()).containsExactly("v3");
    box.readsIn("v3", Patch.at(0, 3), Patch.at(1, 1), Patch.at(2, 2), Patch.at(4, 0));
    box.reads(Patch.at(0, 4), Patch.at(1, 1), Patch.at(2, 2), Patch.at(3, 3), Patch.at(4, 4));
  }
}
