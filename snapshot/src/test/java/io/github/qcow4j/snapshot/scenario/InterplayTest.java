package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;

/** Operations one upon another, in orders that nobody plans. */
class InterplayTest extends ScenarioHome {

  private BoxUnderTest restored() throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1));
    box.snapshot("one");
    box.write(at(1, 2)).snapshot("two");
    box.write(at(2, 3));
    return box.restore("one");
  }

  private static final Patch[] REPLACED = {at(0, 1), at(1, 2), at(2, 3)};

  @Test
  void whatARestoreReplacedOutlivesTheMergingOfWhatItLiesOn() throws Exception {
    BoxUnderTest box = restored();
    box.merge("two");
    box.merge("one");
    box.reads(at(0, 1), at(1, 0), at(2, 0));
    home.undo("web");
    box.reads(REPLACED);
    assertThat(box.snapshots()).isEmpty();
    assertThat(box.shown().disks().getFirst().chainDepth()).isEqualTo(1);
  }

  @Test
  void cloningRenamingAndExportingLeaveWhatCanBeUndone() throws Exception {
    restored();
    home.rename("web", "shop");
    BoxUnderTest shop = box("shop");
    importArchive(shop.export(), "back").reads(at(0, 1), at(1, 0));
    cloneOf("shop", "two", "twin");
    reopen();
    home.undo("shop");
    shop.reads(REPLACED);
    box("twin").reads(at(0, 1), at(1, 2), at(2, 0));
  }

  @Test
  void onlyTheLastOfTwoRestoresIsUndone() throws Exception {
    BoxUnderTest box = restored();
    box.write(at(5, 5)).restore("two");
    home.undo("web");
    box.reads(at(0, 1), at(1, 0), at(2, 0), at(5, 5));
    assertThatThrownBy(() -> home.undo("web")).isInstanceOf(WrongStateException.class);
  }

  @Test
  void aDiskThatGrewGoesBackToItsSizesWithItsSnapshots() throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1));
    box.snapshot("small");
    Path disk = box.disk();
    long larger = DISK_BYTES + (4 << 20);
    qemu.img("resize", "-q", disk.toString(), Long.toString(larger)).orFail();
    assertThat(box.shown().disks().getFirst().virtualSizeBytes()).isEqualTo(larger);
    box.write(at(9, 4)).snapshot("large");
    assertThat(home.showSnapshot("web", "large").containerDiskBytes()).isEqualTo(larger);
    assertThat(home.diff("web", "small", "large").getFirst().ranges())
        .containsExactly(new DiskDifference.Range(DISK_BYTES, larger - DISK_BYTES));
    box.restore("small").reads(1);
    assertThat(qemu.infoJson(disk)).contains("\"virtual-size\": " + DISK_BYTES);
    home.undo("web");
    box.reads(at(9, 4));
    cloneOf("web", "small", "twin");
    assertThat(box("twin").shown().disks().getFirst().virtualSizeBytes()).isEqualTo(DISK_BYTES);
    importArchive(box.export(), "back").reads(at(0, 1), at(8, 0), at(9, 4));
    box.merge("small");
    box.reads(at(0, 1), at(9, 4));
    box("twin").reads(at(0, 1));
  }

  @Test
  void aMovedHomeShowsQemuAllItsChains() throws Exception {
    BoxUnderTest box = restored();
    cloneLive("web", "a");
    cloneLive("a", "b").getFirst().write(at(6, 6)).snapshot("deep");
    home.remove("a", true);
    home.restore(new RestoreRequest("b", "deep", "kept"));
    home.close();
    Path moved = Files.move(directory.resolve("home"), directory.resolve("elsewhere"));
    home = BoxHome.open(HomeOptions.of(moved));
    assertThat(box.disk()).startsWith(moved);
    requireSoundImages();
    box("b").reads(at(0, 1), at(1, 0), at(6, 6)).readsIn("kept", at(0, 1), at(6, 6));
    box.readsIn("two", at(0, 1), at(1, 2)).merge("one");
    box.reads(at(0, 1), at(1, 0));
    box("b").reads(at(0, 1), at(1, 0), at(6, 6));
  }

  /** What a hypervisor's {@code savevm} has kept inside the disk shows the layers below. */
  @Test
  void aMergeDoesNotChangeWhatAnInternalSnapshotShows() throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1));
    box.snapshot("below");
    qemu.img("snapshot", "-c", "inside", box.disk().toString()).orFail();
    box.write(at(1, 2));
    assertThatThrownBy(() -> box.merge("below"))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("'inside'");
    assertThat(box.snapshots()).containsExactly("below");
    box.reads(at(0, 1), at(1, 2));
    qemu.img("snapshot", "-a", "inside", box.disk().toString()).orFail();
    box.reads(at(0, 1), at(1, 0));
  }

  @Test
  void diskImagesThatAUserShrankOrConvertedInPlaceAreNotTakenForTheOldOnes() throws Exception {
    BoxUnderTest box = create("web").write(at(0, 1));
    box.snapshot("below");
    box.write(at(1, 2));
    Path own = directory.resolve("own.qcow2");
    qemu.img("convert", "-O", "qcow2", box.disk().toString(), own.toString()).orFail();
    Files.move(own, box.disk(), StandardCopyOption.REPLACE_EXISTING);
    box.reads(at(0, 1), at(1, 2));
    box.snapshot("after");
    box.write(at(2, 3)).readsIn("after", at(0, 1), at(1, 2));
    box.readsIn("below", at(0, 1)).restore("below").reads(at(0, 1), at(1, 0));
    willDoHarm();
    requireSoundImages();
  }
}
