package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a dry run of a collection announces is what the collection does. */
class CollectionRehearsalTest {

  private static final long SIZE = 16L << 20;

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

  private void create(String name) throws IOException {
    DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, SIZE);
    home.create(new CreateRequest(name, List.of(root)), new JobControl());
  }

  /** Writes at a megabyte, and takes a snapshot. */
  private void snapshot(String box, String name, int megabyte) throws IOException {
    DiskBytes.write(
        volume, home.path(box, BoxDisk.ROOT), (long) megabyte << 20, 1 << 20, megabyte + 1);
    home.snapshot(box, name, "");
  }

  private void cloneBox(String box, @Nullable String snapshot, String... names) throws IOException {
    home.cloneBox(new CloneRequest(box, snapshot, List.of(names), false), new JobControl());
  }

  private List<String> collect(boolean dryRun, @Nullable Integer keep, @Nullable Long maxSize)
      throws IOException {
    return home.collect(new CollectRequest(dryRun, keep, null, maxSize), new JobControl()).stream()
        .map(CollectionRehearsalTest::inWords)
        .toList();
  }

  private static String inWords(Collected line) {
    return (line.hindrance() == null ? "gone " : "kept ")
        + line.kind()
        + " "
        + (line.kind().equals("layer") ? "" : line.name());
  }

  private List<String> names(String box) throws IOException {
    return home.snapshots(box).stream().map(Snapshot::name).toList();
  }

  @Test
  void aSnapshotBelowARunningBoxIsKeptInBothAndTheNextOneGoesInItsPlace() throws Exception {
    create("r");
    snapshot("r", "r0", 0);
    snapshot("r", "r1", 1);
    create("z");
    snapshot("z", "z0", 2);
    snapshot("z", "z1", 3);
    try (Closeable running = home.hold("r", Holder.ofThisProcess("writer"))) {
      assertThat(running).isNotNull();
      List<String> announced = collect(true, 1, null);
      assertThat(announced)
          .containsExactly(
              "gone snapshot r/r0",
              "kept snapshot r/r1",
              "gone snapshot z/z0",
              "gone snapshot z/z1")
          .isEqualTo(collect(false, 1, null));
    }
    assertThat(names("r")).containsExactly("r1");
    assertThat(names("z")).isEmpty();
  }

  @Test
  void layersThatGoAlongAreAnnouncedAndTold() throws Exception {
    create("web");
    snapshot("web", "first", 0);
    DiskBytes.write(volume, home.path("web", BoxDisk.ROOT), 5 << 20, 4096, 5);
    cloneBox("web", null, "twin");
    snapshot("web", "leaf", 1);
    home.remove("twin", false);
    home.restore(new RestoreRequest("web", "first", null));
    // What the restore replaced lies on the leaf until then.
    home.snapshot("web", "last", "");
    List<String> announced = collect(true, 0, null);
    assertThat(announced)
        .contains("gone snapshot web/leaf", "gone layer ")
        .isEqualTo(collect(false, 0, null));
    assertThat(collect(true, 0, null)).isEmpty();
  }

  @Test
  void whatFailsWithOneSnapshotIsSaidOfItAndTheOthersGo() throws Exception {
    SimulatedVolume simulated =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false));
    SimulatedHome simulation = new SimulatedHome(HomeOptions.of(SimulatedHome.DIRECTORY), false);
    try (BoxHome other = simulation.create(simulated, 1)) {
      for (String name : List.of("a", "b")) {
        DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, SIZE);
        other.create(new CreateRequest(name, List.of(root)), new JobControl());
        DiskBytes.write(simulated, other.path(name, BoxDisk.ROOT), 0, 65536, 1);
        other.snapshot(name, "one", "");
      }
      simulated.faults().only("pwrite").failCall(1, Errno.ENOSPC);
      List<Collected> lines =
          other.collect(new CollectRequest(false, 0, null, null), new JobControl());
      simulated.faults().none();
      assertThat(lines).extracting(Collected::name).containsExactly("a/one", "b/one");
      assertThat(lines).extracting(Collected::failed).containsExactly(true, false);
      assertThat(lines).extracting(Collected::removed).containsExactly(false, true);
      assertThat(lines.getFirst().hindrance()).isNotBlank();
      assertThat(other.snapshots("a")).hasSize(1);
      assertThat(other.snapshots("b")).isEmpty();
    }
  }

  /** What all files of the home take. */
  private long homeBytes() throws IOException {
    long sum = 0;
    for (String place : List.of("disks", "layers")) {
      Path folder = directory.resolve("home").resolve(place);
      for (String file : volume.list(folder)) {
        sum += volume.linkStatus(folder.resolve(file)).allocatedBytes();
      }
    }
    return sum;
  }

  private long snapshotBytes(String box) throws IOException {
    long sum = 0;
    for (String name : names(box)) {
      sum += volume.linkStatus(home.snapshotPath(box, name, BoxDisk.ROOT)).allocatedBytes();
    }
    return sum;
  }

  @Test
  void aLimitOnSizeIsReachedThoughDataMovesIntoTheNextSnapshot() throws Exception {
    create("web");
    for (int at = 0; at < 4; at++) {
      snapshot("web", "s" + at, at);
    }
    // Of these, the newest hides what the others have.
    create("same");
    for (int at = 0; at < 3; at++) {
      snapshot("same", "s" + at, 0);
    }
    List<String> announced = collect(true, null, 2500L << 10);
    assertThat(announced).isEqualTo(collect(false, null, 2500L << 10)).isNotEmpty();
    assertThat(snapshotBytes("web") + snapshotBytes("same")).isLessThanOrEqualTo(2500L << 10);
    assertThat(collect(true, null, 2500L << 10)).isEmpty();
  }

  @Test
  void theSizesOfADryRunAreThoseOfTheRunUpToTables() throws Exception {
    create("web");
    snapshot("web", "under", 0);
    snapshot("web", "beside", 1);
    snapshot("web", "over", 0);
    CollectRequest dry = new CollectRequest(true, 0, null, null);
    List<Collected> announced = home.collect(dry, new JobControl());
    long before = homeBytes();
    List<Collected> done = home.collect(new CollectRequest(false, 0, null, null), new JobControl());
    long freed = done.stream().mapToLong(Collected::bytes).sum();
    assertThat(freed).isEqualTo(before - homeBytes());
    assertThat(announced.stream().mapToLong(Collected::bytes).sum())
        .isBetween(freed - (1 << 20), freed + (1 << 20));
  }

  @Test
  void aLayerThatSeveralLieOnStaysAsTheirBaseUntilTheLastOneGoes() throws Exception {
    create("web");
    snapshot("web", "one", 3);
    cloneBox("web", "one", "k1", "k2", "k3");
    long before = homeBytes();
    CollectRequest bySize = new CollectRequest(false, null, null, 0L);
    assertThat(home.collect(bySize, new JobControl()))
        .singleElement()
        .satisfies(line -> assertThat(line.hindrance()).contains("free nothing"));
    assertThat(collect(true, 0, null)).containsExactly("gone snapshot web/one");
    List<Collected> done = home.collect(new CollectRequest(false, 0, null, null), new JobControl());
    assertThat(done)
        .singleElement()
        .satisfies(line -> {
          assertThat(line.removed()).isTrue();
          assertThat(line.bytes()).isZero();
          assertThat(line.reason()).contains("4 images");
        });
    assertThat(names("web")).isEmpty();
    assertThat(homeBytes()).isEqualTo(before);
    Observation.requireAgreement(home, volume);
    for (String box : List.of("web", "k1", "k2", "k3")) {
      home.remove(box, true);
    }
    assertThat(homeBytes()).isZero();
  }

  @Test
  void aMissingNameAmongSeveralKeepsAll() throws Exception {
    create("web");
    snapshot("web", "one", 0);
    snapshot("web", "two", 1);
    assertThatThrownBy(() -> home.mergeSnapshots("web", List.of("two", "none"), new JobControl()))
        .isInstanceOf(BoxNotFoundException.class);
    assertThatThrownBy(() -> home.removeSnapshots("web", List.of("two", "none")))
        .isInstanceOf(BoxNotFoundException.class);
    assertThat(names("web")).containsExactly("two", "one");
  }

  @Test
  void whatWentBeforeACancellationIsToldAtOnce() throws Exception {
    create("web");
    snapshot("web", "one", 0);
    snapshot("web", "two", 1);
    snapshot("web", "three", 2);
    JobControl control = new JobControl();
    List<String> told = new ArrayList<>();
    assertThatThrownBy(() ->
            home.collect(
                new CollectRequest(false, 0, null, null),
                line -> {
                  told.add(inWords(line));
                  control.cancel();
                },
                control))
        .isInstanceOf(JobCancelledException.class);
    assertThat(told).containsExactly("gone snapshot web/one");
    assertThat(names("web")).containsExactly("three", "two");
  }

  @Test
  void whatMovedIsToldWithItsWay() throws Exception {
    create("web");
    snapshot("web", "one", 0);
    snapshot("web", "two", 1);
    assertThat(home.mergeSnapshot("web", "one", new JobControl()).totalBytes()).isEqualTo(1 << 20);
    assertThat(home.collect(new CollectRequest(false, 0, null, null), new JobControl()))
        .singleElement()
        .satisfies(line -> assertThat(line.method()).isNotNull());
  }
}
