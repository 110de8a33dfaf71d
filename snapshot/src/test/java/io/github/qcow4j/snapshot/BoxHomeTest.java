package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.DependedOnException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoxHomeTest {

  private static final int SIZE = 1 << 20;
  private static final String ROOT = BoxDisk.ROOT;

  private final Volume volume = Volumes.host();
  @TempDir private Path directory;
  private BoxHome home;

  @BeforeEach
  void open() throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  @AfterEach
  void close() throws Exception {
    Observation.requireAgreement(home, volume);
    home.close();
  }

  private Path image(String name) throws IOException {
    byte[] bytes = new byte[SIZE];
    new Random(name.hashCode()).nextBytes(bytes);
    return Files.write(directory.resolve(name), bytes);
  }

  private Box create(String name) throws IOException {
    DiskSource root = new DiskSource.Empty(ROOT, SIZE);
    return home.create(new CreateRequest(name, List.of(root)), new JobControl()).box();
  }

  private void write(String box, long seed) throws IOException {
    DiskBytes.write(volume, home.path(box, ROOT), (seed % 8) * 65536, 5000, seed);
  }

  private String content(String box) throws IOException {
    return DiskBytes.digest(DiskBytes.read(volume, home.path(box, ROOT)));
  }

  private String content(String box, String snapshot) throws IOException {
    return DiskBytes.digest(DiskBytes.read(volume, home.snapshotPath(box, snapshot, ROOT)));
  }

  @Test
  void aBoxOverARawImageShowsItAndLeavesItAlone() throws Exception {
    Path image = image("ubuntu.raw");
    byte[] before = Files.readAllBytes(image);
    DiskSource root = new DiskSource.Overlay(ROOT, image, null);
    Box box = home.create(new CreateRequest("web", List.of(root)), new JobControl()).box();
    assertThat(DiskBytes.read(volume, box.disks().getFirst().path())).isEqualTo(before);
    write("web", 3);
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
    assertThat(box.disks().getFirst().chainDepth()).isEqualTo(2);
    assertThat(home.path("web", ROOT)).isAbsolute();
  }

  @Test
  void anIndependentBoxOutlivesItsImage() throws Exception {
    Path image = image("gone.raw");
    byte[] before = Files.readAllBytes(image);
    DiskSource root = new DiskSource.Copied(ROOT, image, null);
    home.create(new CreateRequest("web", List.of(root)), new JobControl());
    Files.delete(image);
    assertThat(DiskBytes.read(volume, home.path("web", ROOT))).isEqualTo(before);
  }

  @Test
  void aHomeFoundAgainElsewhereIsTheSame() throws Exception {
    create("web");
    write("web", 1);
    home.snapshot("web", "one", "first");
    write("web", 2);
    final String live = content("web");
    final String frozen = content("web", "one");
    home.close();
    Files.move(directory.resolve("home"), directory.resolve("moved"));
    home = BoxHome.open(HomeOptions.of(directory.resolve("moved")));
    assertThat(content("web")).isEqualTo(live);
    assertThat(content("web", "one")).isEqualTo(frozen);
  }

  @Test
  void aSnapshotStaysWhatItWasWhateverIsWrittenLater() throws Exception {
    create("web");
    write("web", 1);
    final String before = content("web");
    final Path path = home.path("web", ROOT);
    Snapshot snapshot = home.snapshot("web", "one", "first");
    write("web", 2);
    assertThat(content("web", "one")).isEqualTo(before);
    assertThat(content("web")).isNotEqualTo(before);
    assertThat(home.path("web", ROOT)).isEqualTo(path);
    assertThat(snapshot.description()).isEqualTo("first");
    assertThat(snapshot.containerDiskBytes()).isEqualTo(SIZE);
    home.snapshot("web", "two", "");
    assertThat(home.snapshots("web")).extracting(Snapshot::name).containsExactly("two", "one");
    assertThat(home.tree("web").toString()).contains("one", "two", "web");
  }

  @Test
  void aRestoreGoesBackAndCanBeUndoneUntilTheNextSnapshot() throws Exception {
    create("web");
    write("web", 1);
    home.snapshot("web", "one", "");
    write("web", 2);
    final String later = content("web");
    final Path path = home.path("web", ROOT);
    home.restore(new RestoreRequest("web", "one", null));
    assertThat(content("web")).isEqualTo(content("web", "one"));
    assertThat(home.path("web", ROOT)).isEqualTo(path);
    home.undo("web");
    assertThat(content("web")).isEqualTo(later);
    assertThatThrownBy(() -> home.undo("web")).isInstanceOf(WrongStateException.class);
    home.restore(new RestoreRequest("web", "one", null));
    home.snapshot("web", "two", "");
    assertThatThrownBy(() -> home.undo("web")).isInstanceOf(WrongStateException.class);
  }

  @Test
  void whatARestoreReplacesCanBeKeptAsASnapshot() throws Exception {
    create("web");
    home.snapshot("web", "empty", "");
    write("web", 2);
    final String later = content("web");
    home.restore(new RestoreRequest("web", "empty", "before"));
    assertThat(content("web", "before")).isEqualTo(later);
    assertThat(content("web")).isEqualTo(content("web", "empty"));
  }

  @Test
  void clonesOfOneCallShareOneBaseAndLiveOnAfterTheirSource() throws Exception {
    create("web");
    write("web", 1);
    final String before = content("web");
    home.cloneBox(new CloneRequest("web", null, List.of("a", "b", "c"), false), new JobControl());
    write("web", 2);
    write("a", 3);
    assertThat(content("b")).isEqualTo(before);
    assertThat(volume.list(directory.resolve("home/layers"))).hasSize(1);
    assertThatThrownBy(() -> home.remove("web", false))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("'b'");
    home.remove("web", true);
    assertThat(content("b")).isEqualTo(before);
    home.remove("a", false);
    home.remove("b", false);
    home.remove("c", false);
    assertThat(volume.list(directory.resolve("home/layers"))).isEmpty();
    assertThat(volume.list(directory.resolve("home/disks"))).isEmpty();
  }

  @Test
  void clonesOneByOneOfAnUntouchedDiskMakeNoChainLonger() throws Exception {
    create("web");
    write("web", 1);
    for (String name : List.of("a", "b", "c")) {
      home.cloneBox(new CloneRequest("web", null, List.of(name), false), new JobControl());
    }
    assertThat(home.show("web").disks().getFirst().chainDepth()).isEqualTo(2);
    assertThat(home.show("c").disks().getFirst().chainDepth()).isEqualTo(2);
  }

  @Test
  void aCloneOfASnapshotBeginsAsTheSnapshot() throws Exception {
    create("web");
    write("web", 1);
    home.snapshot("web", "one", "");
    write("web", 2);
    home.cloneBox(new CloneRequest("web", "one", List.of("a"), false), new JobControl());
    home.cloneBox(new CloneRequest("web", "one", List.of("full"), true), new JobControl());
    assertThat(content("a")).isEqualTo(content("web", "one"));
    assertThat(content("full")).isEqualTo(content("web", "one"));
    assertThat(home.show("full").disks().getFirst().chainDepth()).isEqualTo(1);
    assertThatThrownBy(() -> home.removeSnapshot("web", "one"))
        .isInstanceOf(DependedOnException.class)
        .hasMessageContaining("box 'a'")
        .hasMessageContaining("box 'web'");
  }

  @Test
  void forceRemovedSourcesOfClonesOfClonesBreakNothing() throws Exception {
    create("s");
    write("s", 1);
    home.cloneBox(new CloneRequest("s", null, List.of("c1"), false), new JobControl());
    write("c1", 2);
    home.cloneBox(new CloneRequest("c1", null, List.of("c3"), false), new JobControl());
    final String content = content("c3");
    home.remove("c1", true);
    assertThatThrownBy(() -> home.remove("s", false)).isInstanceOf(DependedOnException.class);
    home.remove("s", true);
    assertThat(content("c3")).isEqualTo(content);
    home.remove("c3", false);
    assertThat(volume.list(directory.resolve("home/layers"))).isEmpty();
  }

  @Test
  void aSnapshotOfARemovedChainGoesWithItsFile() throws Exception {
    create("web");
    home.snapshot("web", "one", "");
    write("web", 1);
    home.snapshot("web", "two", "");
    home.restore(new RestoreRequest("web", "one", null));
    home.snapshot("web", "three", "");
    home.removeSnapshot("web", "two");
    assertThat(home.snapshots("web")).extracting(Snapshot::name).containsExactly("three", "one");
  }

  @Test
  void anySnapshotInTheMiddleCanBeMergedAwayAndNothingChangesForTheOthers() throws Exception {
    create("web");
    for (int at = 0; at < 5; at++) {
      write("web", at);
      home.snapshot("web", "s" + at, "");
    }
    home.cloneBox(new CloneRequest("web", "s2", List.of("clone"), false), new JobControl());
    write("web", 7);
    final String live = content("web");
    final String clone = content("clone");
    final String next = content("web", "s3");
    home.mergeSnapshot("web", "s2", new JobControl());
    home.mergeSnapshot("web", "s0", new JobControl());
    home.mergeSnapshot("web", "s4", new JobControl());
    assertThat(content("web")).isEqualTo(live);
    assertThat(content("clone")).isEqualTo(clone);
    assertThat(content("web", "s3")).isEqualTo(next);
    assertThat(home.snapshots("web")).extracting(Snapshot::name).containsExactly("s3", "s1");
    assertThat(home.show("web").disks().getFirst().chainDepth()).isEqualTo(3);
  }

  @Test
  void aChainNeverGrowsPastItsLimitHoweverManySnapshotsThereAre() throws Exception {
    home.close();
    HomeOptions options = HomeOptions.of(directory.resolve("home")).withMaxChainLayers(5);
    home = BoxHome.open(options);
    create("web");
    for (int at = 0; at < 20; at++) {
      write("web", at);
      home.snapshot("web", "s" + at, "");
      assertThat(home.show("web").disks().getFirst().chainDepth()).isLessThanOrEqualTo(6);
    }
    final String content = content("web");
    assertThat(content("web", "s19")).isEqualTo(content);
  }

  @Test
  void theDifferenceOfTwoMomentsIsWhatWasWrittenBetween() throws Exception {
    create("web");
    write("web", 1);
    home.snapshot("web", "one", "");
    write("web", 3);
    home.snapshot("web", "two", "");
    write("web", 4);
    List<DiskDifference> between = home.diff("web", "one", "two");
    assertThat(between.getFirst().ranges())
        .containsExactly(new DiskDifference.Range(3 * 65536, 65536));
    assertThat(home.diff("web", "one", null).getFirst().ranges())
        .containsExactly(new DiskDifference.Range(3 * 65536, 2 * 65536));
    assertThat(home.diff("web", "two", "two").getFirst().changedBytes()).isZero();
  }

  @Test
  void aCollectionTakesOrphansAndTheLeastUsedSnapshotsAndSaysWhy() throws Exception {
    create("web");
    for (int at = 0; at < 4; at++) {
      write("web", at);
      home.snapshot("web", "s" + at, "");
    }
    final String live = content("web");
    Path orphan = Files.write(directory.resolve("home/layers/orphan.qcow2"), new byte[3]);
    CollectRequest dry = new CollectRequest(true, 2, null, null);
    List<Collected> told = home.collect(dry, new JobControl());
    assertThat(told).extracting(Collected::name).contains("web/s0", "web/s1");
    assertThat(told).noneMatch(Collected::removed);
    assertThat(Files.exists(orphan)).isTrue();
    List<Collected> done = home.collect(new CollectRequest(false, 2, null, null), new JobControl());
    assertThat(done).hasSize(3).allMatch(Collected::removed);
    assertThat(Files.exists(orphan)).isFalse();
    assertThat(home.snapshots("web")).extracting(Snapshot::name).containsExactly("s3", "s2");
    assertThat(content("web")).isEqualTo(live);
  }

  @Test
  void aRunningBoxIsRefusedWithItsHoldersName() throws Exception {
    create("web");
    home.snapshot("web", "one", "");
    Holder holder = Holder.ofThisProcess("qemu-system-x86_64");
    try (Closeable running = home.hold("web", holder)) {
      assertThat(running).isNotNull();
      assertThat(home.show("web").status()).isEqualTo(BoxStatus.RUNNING);
      assertThatThrownBy(() -> home.restore(new RestoreRequest("web", "one", null)))
          .isInstanceOfSatisfying(
              InUseException.class, e -> assertThat(e.kind()).isEqualTo(BoxException.Kind.CONFLICT))
          .hasMessageContaining("qemu-system-x86_64");
      assertThatThrownBy(() -> home.remove("web", false)).isInstanceOf(InUseException.class);
    }
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.STOPPED);
    home.restore(new RestoreRequest("web", "one", null));
  }

  @Test
  void namesAreCheckedAndTakenNamesRefused() throws Exception {
    create("web");
    create("tüb 箱");
    assertThatThrownBy(() -> create("web")).isInstanceOf(NameTakenException.class);
    for (String bad : List.of("", ".hidden", "a/b", "a\\b", "a\nb", "x".repeat(256))) {
      assertThatThrownBy(() -> create(bad)).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> home.snapshot("web", bad, ""))
          .isInstanceOf(InvalidRequestException.class);
    }
    assertThatThrownBy(() -> home.show("nobody")).isInstanceOf(BoxNotFoundException.class);
    assertThatThrownBy(() -> home.path("web", "data")).isInstanceOf(BoxNotFoundException.class);
    home.snapshot("web", "one", "");
    assertThatThrownBy(() -> home.snapshot("web", "one", ""))
        .isInstanceOf(NameTakenException.class);
    home.rename("web", "shop");
    assertThat(home.list()).extracting(Box::name).containsExactly("shop", "tüb 箱");
    assertThatThrownBy(() -> home.rename("shop", "tüb 箱")).isInstanceOf(NameTakenException.class);
  }
}
