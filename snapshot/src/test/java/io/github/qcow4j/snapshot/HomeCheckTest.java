package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.BrokenBacking;
import io.github.qcow4j.snapshot.model.HomeFinding.CorruptImage;
import io.github.qcow4j.snapshot.model.HomeFinding.DeadHolder;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.LeakingImage;
import io.github.qcow4j.snapshot.model.HomeFinding.LoosePermissions;
import io.github.qcow4j.snapshot.model.HomeFinding.MissingCopiedFlags;
import io.github.qcow4j.snapshot.model.HomeFinding.MissingFile;
import io.github.qcow4j.snapshot.model.HomeFinding.QuarantinedBox;
import io.github.qcow4j.snapshot.model.HomeFinding.Severity;
import io.github.qcow4j.snapshot.model.HomeFinding.StagedByOthers;
import io.github.qcow4j.snapshot.model.HomeFinding.StuckIntent;
import io.github.qcow4j.snapshot.model.HomeFinding.UnknownFile;
import io.github.qcow4j.snapshot.model.HomeFinding.WrongLink;
import io.github.qcow4j.snapshot.model.HomeFinding.WrongSize;
import io.github.qcow4j.snapshot.model.HomeReport;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the check of a home finds, what it mends, and who is put under quarantine. One class, though
 * long: each kind of finding once, from the same two boxes, so that none is seen to be missing.
 */
class HomeCheckTest {

  private static final int SIZE = 1 << 20;
  private static final String ROOT = BoxDisk.ROOT;

  private final Volume volume = Volumes.host();
  @TempDir private Path directory;
  private BoxHome home;

  @BeforeEach
  void makeBoxes() throws Exception {
    open();
    for (String name : List.of("web", "other")) {
      DiskSource root = new DiskSource.Empty(ROOT, SIZE);
      home.create(new CreateRequest(name, List.of(root)), new JobControl());
      write(name, 1);
      home.snapshot(name, "one", "");
      write(name, 2);
      home.snapshot(name, "two", "");
      write(name, 3);
    }
  }

  @AfterEach
  void close() throws Exception {
    home.close();
  }

  private void open() throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  private void write(String box, long seed) throws IOException {
    DiskBytes.write(volume, home.path(box, ROOT), (seed % 8) * 65536, 5000, seed);
  }

  private String content(String box) throws IOException {
    return DiskBytes.digest(DiskBytes.read(volume, home.path(box, ROOT)));
  }

  private HomeReport check() throws IOException {
    return home.check(false, new JobControl());
  }

  private HomeReport repair() throws IOException {
    return home.check(true, new JobControl());
  }

  private void requireWell() throws IOException {
    assertThat(check().lines()).isEmpty();
  }

  private static void requireOnly(HomeReport report, Class<?> finding, boolean mended) {
    assertThat(report.lines()).hasSize(1);
    assertThat(report.lines().getFirst().finding()).isInstanceOf(finding);
    assertThat(report.lines().getFirst().mended() != null).isEqualTo(mended);
  }

  private static List<Class<?>> kinds(HomeReport report) {
    return report.lines().stream().<Class<?>>map(line -> line.finding().getClass()).toList();
  }

  private BoxStatus status(String box) throws IOException {
    return home.show(box).status();
  }

  @Test
  void aSoundHomeHasNothingToTellAndIsForItsOwnerAlone() throws Exception {
    assertThat(check().images()).isEqualTo(6);
    requireWell();
    Path place = directory.resolve("home");
    for (Path each : List.of(place, place.resolve("disks"), place.resolve("layers"))) {
      assertThat(volume.status(each).permissions()).isEqualTo(0700);
    }
    for (String name : volume.list(place)) {
      if (name.startsWith("catalogue")) {
        assertThat(volume.status(place.resolve(name)).permissions()).as(name).isEqualTo(0600);
      }
    }
    assertThat(volume.status(home.path("web", ROOT)).permissions()).isEqualTo(0600);
    assertThat(volume.status(home.snapshotPath("web", "one", ROOT)).permissions()).isEqualTo(0600);
  }

  @Test
  void aHomeThatEverybodyMayLookIntoIsToldAndClosed() throws Exception {
    volume.setPermissions(directory.resolve("home"), 0755);
    requireOnly(check(), LoosePermissions.class, false);
    requireOnly(repair(), LoosePermissions.class, true);
    assertThat(volume.status(directory.resolve("home")).permissions()).isEqualTo(0750);
    requireWell();
  }

  @Test
  void leakedClustersOfALayerAreGivenBack() throws Exception {
    Damage.leakCluster(volume, home.snapshotPath("web", "one", ROOT));
    final String content = content("web");
    HomeReport report = check();
    requireOnly(report, LeakingImage.class, false);
    assertThat(report.remains(Severity.CORRUPT)).isFalse();
    requireOnly(repair(), LeakingImage.class, true);
    requireWell();
    assertThat(content("web")).isEqualTo(content);
  }

  /** They cost a copy on the next write and nothing else: no reason to shut a box away. */
  @Test
  void copiedFlagsThatAnotherProgramDidNotSetAreToldAndSet() throws Exception {
    Path image = directory.resolve("flattened.qcow2");
    BoxliteImage.write(image, SIZE, Map.of(3, 7));
    DiskSource root = new DiskSource.Copied(ROOT, image, ImageFormat.QCOW2);
    home.create(new CreateRequest("copied", List.of(root)), new JobControl());
    final String content = content("copied");
    HomeReport report = check();
    requireOnly(report, MissingCopiedFlags.class, false);
    assertThat(report.remains(Severity.CORRUPT)).isFalse();
    requireOnly(repair(), MissingCopiedFlags.class, true);
    requireWell();
    assertThat(home.show("copied").status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(content("copied")).isEqualTo(content);
  }

  @Test
  void referenceCountsThatAreTooLowArePutRight() throws Exception {
    Damage.forgetCounts(volume, home.path("web", ROOT));
    final String content = content("web");
    requireOnly(check(), CorruptImage.class, false);
    assertThat(status("web")).isEqualTo(BoxStatus.STOPPED);
    requireOnly(repair(), CorruptImage.class, true);
    requireWell();
    assertThat(content("web")).isEqualTo(content);
  }

  @Test
  void aBoxWhoseDiskCannotBeMendedIsRefusedUntilItIsRestored() throws Exception {
    Damage.loseTables(volume, home.path("web", ROOT));
    HomeReport report = check();
    assertThat(report.remains(Severity.CORRUPT)).isTrue();
    assertThat(status("web")).isEqualTo(BoxStatus.STOPPED);
    assertThat(kinds(repair())).containsExactly(CorruptImage.class, QuarantinedBox.class);
    assertThat(status("web")).isEqualTo(BoxStatus.QUARANTINED);
    requireRefused("web");
    home.cloneBox(
        new CloneRequest("web", "two", List.of("from-snapshot"), false), new JobControl());
    home.restore(new RestoreRequest("web", "two", null));
    assertThat(status("web")).isEqualTo(BoxStatus.STOPPED);
    assertThatThrownBy(() -> home.undo("web")).isInstanceOf(IOException.class);
    home.snapshot("web", "three", "");
    requireWell();
  }

  private void requireRefused(String box) {
    Holder self = Holder.ofThisProcess("test");
    assertThatThrownBy(() -> home.hold(box, self).close())
        .isInstanceOf(WrongStateException.class)
        .hasMessageContaining("'" + box + "' is quarantined");
    assertThatThrownBy(() -> home.snapshot(box, "no", "")).isInstanceOf(WrongStateException.class);
    assertThatThrownBy(() ->
            home.cloneBox(new CloneRequest(box, null, List.of("no"), false), new JobControl()))
        .isInstanceOf(WrongStateException.class);
    assertThatThrownBy(() -> home.diff(box, "one", null)).isInstanceOf(WrongStateException.class);
    assertThatThrownBy(() -> home.restore(new RestoreRequest(box, "one", "no")))
        .isInstanceOf(WrongStateException.class);
  }

  @Test
  void aMissingDiskIsToldAndComesBackWithARestore() throws Exception {
    Files.delete(home.path("web", ROOT));
    HomeReport report = repair();
    assertThat(kinds(report)).containsExactly(MissingFile.class, QuarantinedBox.class);
    assertThat(report.lines().getFirst().finding().message()).contains("box 'web'");
    requireRefused("web");
    home.restore(new RestoreRequest("web", "two", null));
    assertThat(content("web"))
        .isEqualTo(DiskBytes.digest(DiskBytes.read(volume, home.snapshotPath("web", "two", ROOT))));
    requireWell();
  }

  @Test
  void aMissingLayerPutsBackIsTheEndOfTheQuarantine() throws Exception {
    Path layer = home.snapshotPath("web", "one", ROOT);
    Path aside = directory.resolve("aside");
    Files.move(layer, aside);
    assertThat(kinds(repair())).containsExactly(MissingFile.class, QuarantinedBox.class);
    assertThat(status("other")).isEqualTo(BoxStatus.STOPPED);
    Files.move(aside, layer);
    requireOnly(check(), QuarantinedBox.class, false);
    requireOnly(repair(), QuarantinedBox.class, true);
    assertThat(status("web")).isEqualTo(BoxStatus.STOPPED);
    requireWell();
  }

  @Test
  void aBoxUnderQuarantineCanBeRemoved() throws Exception {
    Files.delete(home.path("web", ROOT));
    assertThat(repair().remains(Severity.CORRUPT)).isTrue();
    home.remove("web", false);
    requireWell();
  }

  @Test
  void whatAHeaderSaysOfALayerIsTakenOn() throws Exception {
    String name = "../layers/" + home.snapshotPath("web", "one", ROOT).getFileName();
    rebase(home.path("web", ROOT), new BackingName(name, "qcow2"));
    requireOnly(check(), WrongLink.class, false);
    requireOnly(repair(), WrongLink.class, true);
    requireWell();
    home.removeSnapshot("web", "two");
  }

  @Test
  void whatAHeaderSaysOfAFileOutsideIsNotTakenOn() throws Exception {
    Path secret = directory.resolve("secret");
    Files.write(secret, new byte[SIZE]);
    rebase(home.path("web", ROOT), new BackingName(secret.toString(), "raw"));
    HomeReport report = repair();
    assertThat(kinds(report)).containsExactly(WrongLink.class, QuarantinedBox.class);
    assertThat(report.lines().getFirst().hindrance()).contains("no layer of this home");
    requireRefused("web");
  }

  private void rebase(Path overlay, BackingName name) throws IOException {
    Rebase.rename(volume, overlay, ImageOptions.of(ImageFormat.QCOW2), name);
  }

  @Test
  void aSizeThatSomebodyElseChangedIsNoted() throws Exception {
    Path disk = home.path("web", ROOT);
    DiskBytes.resize(volume, disk, 2 * SIZE);
    requireOnly(check(), WrongSize.class, false);
    requireOnly(repair(), WrongSize.class, true);
    assertThat(home.show("web").disks().getFirst().virtualSizeBytes()).isEqualTo(2 * SIZE);
    requireWell();
  }

  @Test
  void aSizeThatNoDiskCanHaveIsDamageUntilItIsMended() throws Exception {
    damage("UPDATE image SET virtual_size = ?", "-1");
    assertThatThrownBy(() -> home.restore(new RestoreRequest("web", "one", null)))
        .isInstanceOfSatisfying(
            CatalogueException.class,
            e -> assertThat(e.kind()).isEqualTo(BoxException.Kind.CORRUPT))
        .hasMessageContaining("-1 bytes");
    assertThat(kinds(repair())).containsOnly(WrongSize.class);
    requireWell();
    home.restore(new RestoreRequest("web", "one", null));
  }

  @Test
  void anImageOutsideThatIsGoneIsToldOfEachThatLiesOnIt() throws Exception {
    Path image = Files.write(directory.resolve("base.raw"), new byte[SIZE]);
    DiskSource root = new DiskSource.Overlay(ROOT, image, null);
    home.create(new CreateRequest("over", List.of(root)), new JobControl());
    requireWell();
    Files.delete(image);
    assertThat(kinds(repair())).containsExactly(BrokenBacking.class, QuarantinedBox.class);
    Files.write(image, new byte[SIZE]);
    requireOnly(repair(), QuarantinedBox.class, true);
    requireWell();
  }

  @Test
  void filesThatNothingKnowsAreLeftToTheCollectionUnlessAnImageLiesOnThem() throws Exception {
    Path stray = directory.resolve("home/layers/stray.qcow2");
    Files.copy(home.snapshotPath("web", "two", ROOT), stray);
    HomeReport report = check();
    requireOnly(report, UnknownFile.class, false);
    assertThat(report.remains(Severity.CORRUPT)).isFalse();
    rebase(home.path("web", ROOT), new BackingName("../layers/stray.qcow2", "qcow2"));
    assertThat(kinds(check())).containsExactly(WrongLink.class, UnknownFile.class);
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .noneMatch(line -> line.removed());
    assertThat(stray).exists();
  }

  @Test
  void aDirectoryThatNothingMakesIsNotSaidToGoWithACollection() throws Exception {
    Path stray = Files.createDirectory(directory.resolve("home/layers/stray"));
    HomeReport report = check();
    requireOnly(report, UnknownFile.class, false);
    assertThat(report.lines().getFirst().finding().message())
        .isEqualTo("is a directory, which nothing here makes; move it away");
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .noneMatch(line -> line.removed());
    assertThat(stray).exists();
  }

  @Test
  void whatSomebodyPutIntoTheStagingDirectoryIsToldAndLeft() throws Exception {
    Path staging = home.stagingDirectory();
    Path file = Files.write(staging.resolve("foo"), new byte[10]);
    // Of the form of a name that is given here, but no directory.
    Path id = Files.write(staging.resolve("0123456789abcdef"), new byte[10]);
    Path folder = Files.createDirectory(staging.resolve("folder"));
    requireToldAndLeft(StagedByOthers.class, file, folder, id);
  }

  @Test
  void aDirectoryInWhatADeadProcessStagedIsToldAndLeft() throws Exception {
    Path area = Files.createDirectory(home.stagingDirectory().resolve("0123456789abcdef"));
    Path disk = Files.write(area.resolve("disk.qcow2"), new byte[10]);
    Path folder = Files.createDirectory(area.resolve("folder"));
    requireToldAndLeft(UnknownFile.class, folder);
    assertThat(disk).exists();
    Files.delete(folder);
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .singleElement()
        .matches(Collected::removed);
    requireWell();
  }

  /** A check tells of all of them, and neither kind of collection says that it takes one away. */
  private void requireToldAndLeft(Class<? extends HomeFinding> kind, Path... strays)
      throws IOException {
    assertThat(check().lines())
        .hasSize(strays.length)
        .allSatisfy(line -> assertThat(line.finding()).isInstanceOf(kind))
        .extracting(line -> directory.resolve("home").resolve(line.finding().subject()))
        .containsExactlyInAnyOrder(strays);
    for (boolean dryRun : new boolean[] {true, false}) {
      assertThat(home.collect(CollectRequest.ofGarbage(dryRun), new JobControl()))
          .hasSize(strays.length)
          .allSatisfy(line -> assertThat(line.hindrance()).isNotNull())
          .noneMatch(Collected::removed);
    }
    assertThat(strays).allSatisfy(stray -> assertThat(stray).exists());
  }

  @Test
  void aBoxThatOnlyADeadProcessRunsIsNotedAsStopped() throws Exception {
    BoxRow row = row("web");
    Holder dead = new Holder(1, Instant.EPOCH, "qemu-system-x86_64");
    home.internals()
        .catalogue()
        .write(rows -> {
          new Boxes(rows).setHolder(row.id(), dead);
          return row;
        });
    requireOnly(check(), DeadHolder.class, false);
    requireOnly(repair(), DeadHolder.class, true);
    requireWell();
  }

  private BoxRow row(String box) throws IOException {
    return home.internals().catalogue().read(rows -> new Boxes(rows).named(box));
  }

  @Test
  void aRunningBoxIsLeftAlone() throws Exception {
    Damage.leakCluster(volume, home.path("web", ROOT));
    try (Closeable running = home.hold("web", Holder.ofThisProcess("qemu"))) {
      assertThat(running).isNotNull();
      HomeReport report = repair();
      requireOnly(report, InUse.class, false);
      assertThat(report.lines().getFirst().finding().message()).contains("qemu");
      assertThat(report.remains(Severity.UNCHECKED)).isTrue();
      assertThat(report.remains(Severity.CORRUPT)).isFalse();
    }
    requireOnly(repair(), LeakingImage.class, true);
  }

  /** An operation that died, and somebody else has changed its files since. */
  @Test
  void anOperationWhoseFilesOthersHaveChangedConcernsItsBoxAlone() throws Exception {
    addStuckIntent(row("web").id());
    home.close();
    open();
    assertThat(status("web")).isEqualTo(BoxStatus.QUARANTINED);
    requireRefused("web");
    home.snapshot("other", "three", "");
    assertThat(kinds(repair())).containsExactly(StuckIntent.class, QuarantinedBox.class);
    home.restore(new RestoreRequest("web", "two", null));
    assertThat(status("web")).isEqualTo(BoxStatus.STOPPED);
    home.close();
    open();
    assertThat(check().lines())
        .allSatisfy(line -> assertThat(line.finding()).isInstanceOf(UnknownFile.class));
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .allMatch(line -> line.removed());
    requireWell();
  }

  /** One that was about no box is told, and keeps nobody from opening the home. */
  @Test
  void anOperationOnNoBoxWhoseFilesOthersHaveChangedConcernsNobody() throws Exception {
    addStuckIntent(null);
    home.close();
    open();
    home.snapshot("web", "three", "");
    assertThat(kinds(check())).contains(StuckIntent.class).doesNotContain(QuarantinedBox.class);
    assertThat(status("other")).isEqualTo(BoxStatus.STOPPED);
  }

  /** Whose files are left is not known then, so that none goes until the box is given up. */
  @Test
  void anOperationThatCannotBeReadConcernsItsBoxAloneAndNoFileGoes() throws Exception {
    Path victim = Files.write(directory.resolve("victim"), new byte[1]);
    addStuckIntent(row("web").id());
    Path orphan = Files.write(directory.resolve("home/layers/orphan.qcow2"), new byte[1]);
    damagePlans("{\"made\": [\"../victim\"]}");
    assertThat(status("web")).isEqualTo(BoxStatus.QUARANTINED);
    home.snapshot("other", "three", "");
    assertThat(kinds(repair())).containsExactly(StuckIntent.class, QuarantinedBox.class);
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .singleElement()
        .satisfies(line -> assertThat(line.removed()).isFalse());
    assertThat(orphan).exists();
    home.restore(new RestoreRequest("web", "two", null));
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .allMatch(line -> line.removed());
    assertThat(orphan).doesNotExist();
    assertThat(victim).exists();
    requireWell();
  }

  /** There is nobody to stop, and nobody who could give it up. */
  @Test
  void anOperationOnNoBoxThatCannotBeReadIsForgotten() throws Exception {
    addStuckIntent(null);
    damagePlans("{}");
    assertThat(kinds(check())).containsOnly(UnknownFile.class);
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .allMatch(line -> line.removed());
    requireWell();
  }

  /** Puts this in the place of what operations under way are about, and opens the home again. */
  private void damagePlans(String plan) throws Exception {
    damage("UPDATE intent SET plan = ?", plan);
  }

  /** Changes the catalogue by hand, and opens the home again. */
  private void damage(String sql, String value) throws Exception {
    home.close();
    Path catalogue = directory.resolve("home/catalogue.db");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + catalogue);
        var statement = connection.prepareStatement(sql)) {
      statement.setString(1, value);
      statement.executeUpdate();
    }
    open();
  }

  /** A fork of which the frozen name holds neither the live file nor what was live. */
  private void addStuckIntent(@Nullable String boxId) throws IOException {
    Path live = home.path("web", ROOT);
    Path disks = directory.resolve("home/disks");
    String liveFile = "disks/" + live.getFileName();
    Files.write(directory.resolve("home/layers/frozen.qcow2"), new byte[10]);
    Files.copy(live, disks.resolve("child.next"));
    FileSwitch fork =
        new FileSwitch(
            FileSwitch.Kind.FORK, liveFile, "layers/frozen.qcow2", "disks/child.next", 0);
    Intent intent =
        new Intent(
            0,
            "snapshot",
            boxId,
            Intent.Phase.MAKING,
            new Holder(1, Instant.EPOCH, "dead"),
            List.of("disks/child.next"),
            List.of(),
            List.of(fork),
            List.of(),
            List.of(),
            List.of());
    home.internals().catalogue().write(rows -> new Intents(rows).add(intent, Instant.EPOCH));
  }

  @Test
  void everyKindOfFindingHasANameForPrograms() {
    HomeFinding finding = new InUse("box 'web'", null);
    assertThat(finding.kind()).isEqualTo("in_use");
    assertThat(new CorruptImage("x", "y").kind()).isEqualTo("corrupt_image");
  }
}
