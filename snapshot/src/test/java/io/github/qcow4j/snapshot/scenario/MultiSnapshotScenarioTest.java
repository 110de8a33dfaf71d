package io.github.qcow4j.snapshot.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several snapshots of one box. */
class MultiSnapshotScenarioTest extends ScenarioHome {

  private BoxUnderTest threeVersions() throws IOException {
    BoxUnderTest box = create("web");
    for (int version = 1; version <= 3; version++) {
      box.write(version).snapshot("v" + version);
    }
    return box;
  }

  @Test
  @Scenario({1, 5, 6})
  void snapshotsAreListedNewestFirstWithWhatTheyAre() throws Exception {
    Instant before = Instant.now().minusMillis(1);
    BoxUnderTest box = threeVersions();
    List<Snapshot> listed = home.snapshots("web");
    assertThat(listed).extracting(Snapshot::name).containsExactly("v3", "v2", "v1");
    assertThat(listed).extracting(Snapshot::id).doesNotHaveDuplicates().doesNotContain("");
    assertThat(listed).extracting(Snapshot::boxId).containsOnly(box.shown().id());
    assertThat(listed)
        .extracting(Snapshot::createdAt)
        .isSortedAccordingTo((a, b) -> b.compareTo(a))
        .allMatch(time -> time.isAfter(before));
    Snapshot second = home.showSnapshot("web", "v2");
    assertThat(second).isEqualTo(listed.get(1));
    assertThat(second.containerDiskBytes()).isEqualTo(DISK_BYTES);
    assertThat(second.sizeBytes()).isPositive();
    assertThatThrownBy(() -> home.showSnapshot("web", "v4"))
        .isInstanceOf(BoxNotFoundException.class)
        .hasMessageContaining("v4");
  }

  @Test
  @Scenario(2)
  void everyVersionShowsItsOwnDataInPlaceAndRestored() throws Exception {
    BoxUnderTest box = threeVersions();
    for (int version = 1; version <= 3; version++) {
      box.readsIn("v" + version, Patch.at(0, version), Patch.at(5, 0));
    }
    box.restore("v1").reads(1);
    box.restore("v2").reads(2);
  }

  @Test
  @Scenario(3)
  void whatWasWrittenAfterASnapshotIsGoneWhenItIsRestored() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("before");
    box.write(Patch.at(0, 2), Patch.at(3, 3));
    box.restore("before").reads(Patch.at(0, 1), Patch.at(3, 0));
  }

  @Test
  @Scenario(4)
  void oneCanGoToAndFroAsOftenAsOneLikes() throws Exception {
    BoxUnderTest box = threeVersions();
    for (int version : new int[] {1, 2, 1, 3, 1}) {
      box.restore("v" + version).reads(version);
      box.write(Patch.at(0, 9), Patch.at(7, 9));
    }
    assertThat(box.snapshots()).containsExactly("v3", "v2", "v1");
  }
}
