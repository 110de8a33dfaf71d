package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused leaves everything as it was. */
class RefusalScenarioTest extends ScenarioHome {

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "../evil", "a/b", "a\\b", "a\0b", ".hidden", "a\nb"})
  @Scenario(40)
  void namesThatCouldLeadElsewhereAreNoNames(String name) throws Exception {
    BoxUnderTest box = create("web");
    assertThatThrownBy(() -> box.snapshot(name)).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> box.capture(name)).isInstanceOf(InvalidRequestException.class);
    assertThat(box.snapshots()).isEmpty();
  }

  @Test
  @Scenario(41)
  void aTakenNameIsRefusedAndTheSnapshotOfThatNameStays() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    box.write(2);
    assertThatThrownBy(() -> box.snapshot("one"))
        .isInstanceOf(NameTakenException.class)
        .hasMessageContaining("'one'");
    box.reads(2).readsIn("one", at(0, 1));
    assertThat(box.snapshots()).containsExactly("one");
  }

  @Test
  @Scenario({42, 64})
  void aBoxGoesWithAllItsSnapshotsAndLeavesNoFile() throws Exception {
    BoxUnderTest box = create("web");
    for (int version = 1; version <= 3; version++) {
      box.write(version).snapshot("v" + version);
    }
    box.restore("v2");
    home.remove("web", false);
    assertThat(images()).isEmpty();
    assertThatThrownBy(box::shown).isInstanceOf(BoxNotFoundException.class);
    assertThatThrownBy(box::snapshots).isInstanceOf(BoxNotFoundException.class);
  }

  @Test
  @Scenario(43)
  void theSourceOfACloneGoesOnlyByForceAndTheCloneLivesOn() throws Exception {
    create("web").write(1);
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    assertThatThrownBy(() -> home.remove("web", false))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("'twin'");
    box("web").reads(1);
    home.remove("web", true);
    twin.reads(1).write(2).snapshot("goes on");
  }

  /** A box has its disk from the beginning: what BoxLite lacks before the first start cannot be. */
  @Test
  @Scenario({44, 46})
  void aBoxThatNeverRanHasADiskAndOneWhoseDiskIsGoneIsToldSo() throws Exception {
    BoxUnderTest box = create("web");
    box.snapshot("never started");
    cloneLive("web", "twin").getFirst().reads(0);
    Path disk = box.disk();
    Files.move(disk, directory.resolve("taken-away"));
    assertThatThrownBy(() -> box.snapshot("two"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(disk.toString());
    assertThatThrownBy(() -> cloneLive("web", "other"))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(disk.toString());
    assertThat(disk).doesNotExist();
    assertThat(box.snapshots()).containsExactly("never started");
    Files.move(directory.resolve("taken-away"), disk);
    box.write(1).snapshot("two");
  }

  @Test
  @Scenario(45)
  void aSnapshotThatIsNotThereCannotBeRestored() throws Exception {
    BoxUnderTest box = create("web").write(1);
    assertThatThrownBy(() -> box.restore("never"))
        .isInstanceOf(BoxNotFoundException.class)
        .hasMessageContaining("'never'");
    box.reads(1);
  }

  @Test
  @Scenario(47)
  void namesHave255BytesAndNoMore() throws Exception {
    BoxUnderTest box = create("web").write(1);
    String longest = "ü".repeat(127) + "x";
    box.snapshot(longest);
    assertThatThrownBy(() -> box.snapshot(longest + "x"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> box.snapshot("ü".repeat(128)))
        .isInstanceOf(InvalidRequestException.class);
    assertThat(box.snapshots()).containsExactly(longest);
    box.write(2).restore(longest).reads(1);
  }
}
