package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.model.CloneRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether something is still needed is asked to the end, and an unanswered question is no "no". */
class DependencyDefectTest extends ScenarioHome {

  /** A search that ends after eight files allows the ninth to be removed. */
  @Test
  void whatLiesDeeperThanEightFilesIsStillNeededAndStillRead() throws Exception {
    BoxUnderTest box = create("web");
    for (int version = 0; version < 20; version++) {
      box.write(at(version % 8, 1 + version)).snapshot("v" + version);
    }
    for (String name : new String[] {"v0", "v9", "v18"}) {
      assertThatThrownBy(() -> box.remove(name)).isInstanceOf(DependedOnException.class);
    }
    assertThat(box.shown().disks().getFirst().chainDepth()).isEqualTo(21);
    Patch[] all = {at(0, 17), at(1, 18), at(2, 19), at(3, 20), at(4, 13), at(7, 16)};
    box.reads(all);
    home.cloneBox(new CloneRequest("web", null, List.of("full"), true), new JobControl());
    box("full").reads(all);
    importArchive(box.export(), "back").reads(all);
  }

  /** Two snapshots beside each other on one: the second one's removal needs nobody's leave. */
  private BoxUnderTest boxWithASpareSnapshot() throws IOException {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("kept");
    box.write(2).snapshot("spare");
    box.restore("kept");
    box.write(3);
    return box;
  }

  @Test
  void aHeaderThatCannotBeReadHasNotSaidThatNothingIsNeeded() throws Exception {
    willDoHarm();
    BoxUnderTest box = boxWithASpareSnapshot();
    create("other").write(4).snapshot("broken");
    box.restore("kept");
    box.snapshot("forget what was replaced");
    Path broken = box("other").disk("broken");
    byte[] header = Files.readAllBytes(broken);
    Files.write(broken, new byte[512]);
    Path spare = box.disk("spare");
    assertThatThrownBy(() -> box.remove("spare"))
        .isInstanceOf(DisagreementException.class)
        .hasMessageContaining(broken.getFileName().toString());
    assertThatThrownBy(() -> home.remove("web", true)).isInstanceOf(DisagreementException.class);
    assertThat(spare).exists();
    assertThat(box.snapshots()).contains("spare", "kept");
    Files.delete(broken);
    assertThatThrownBy(() -> box.remove("spare")).isInstanceOf(DisagreementException.class);
    assertThat(spare).exists();
    Files.write(broken, header);
    box.remove("spare");
    assertThat(spare).doesNotExist();
  }

  @Test
  void aLinkThatOnlyAHeaderKnowsKeepsWhatItNames() throws Exception {
    willDoHarm();
    BoxUnderTest box = boxWithASpareSnapshot();
    box.snapshot("forget what was replaced");
    BoxUnderTest other = create("other").write(at(1, 5));
    String spare = "../layers/" + box.disk("spare").getFileName();
    qemu.img("rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", spare, other.disk().toString())
        .orFail();
    assertThatThrownBy(() -> box.remove("spare"))
        .isInstanceOf(DisagreementException.class)
        .hasMessageContaining(other.disk().getFileName().toString());
    other.reads(at(0, 2), at(1, 5));
  }

  /** A chain that comes back to itself has no end; whoever opens file after file finds none. */
  @Test
  void aChainThatRunsInACircleIsToldAndNotFollowedForever() throws Exception {
    willDoHarm();
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    box.write(2).snapshot("two");
    String two = "../layers/" + box.disk("two").getFileName();
    qemu.img("rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", two, box.disk("one").toString())
        .orFail();
    assertThatThrownBy(() -> box.restore("two")).isInstanceOf(ImageException.class);
    assertThatThrownBy(box::export).isInstanceOf(ImageException.class);
    assertThatThrownBy(() ->
            home.cloneBox(new CloneRequest("web", null, List.of("full"), true), new JobControl()))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> home.diff("web", "one", "two")).isInstanceOf(ImageException.class);
    assertThat(directory.resolve("web.boxlite")).doesNotExist();
    qemu.img("rebase", "-u", "-f", "qcow2", "-b", "", box.disk("one").toString()).orFail();
    box.restore("one").reads(1);
  }
}
