package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.HinderedIntent;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.QuarantinedBox;
import io.github.qcow4j.snapshot.model.HomeFinding.Severity;
import io.github.qcow4j.snapshot.model.HomeFinding.StuckIntent;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Defect: what kept one dead operation from being ended, such as a directory in the place of a file
 * that was to go, shut the whole home: every command failed, a check and a repair too.
 */
class HinderedRecoveryTest extends TwoBoxes {

  private static final String NEW_FILE = "disks/child.next";
  private static final String OLD_FILE = "layers/old.qcow2";

  private final AtomicBoolean unreadable = new AtomicBoolean(true);

  private Path place(String file) {
    return directory.resolve("home").resolve(file);
  }

  private String boxId(String name) throws IOException {
    return home.internals().catalogue().read(rows -> new Boxes(rows).named(name).id());
  }

  private BoxStatus statusInCatalogue(String name) throws IOException {
    return home.internals().catalogue().read(rows -> new Boxes(rows).named(name).status());
  }

  private static FileSwitch fork(String live, String fresh) {
    return new FileSwitch(FileSwitch.Kind.FORK, live, "layers/frozen.qcow2", fresh, 0);
  }

  private FileSwitch rebaseOfOther(String below) throws IOException {
    return new FileSwitch(
        FileSwitch.Kind.REBASE,
        "disks/" + home.path("other", BoxDisk.ROOT).getFileName(),
        below,
        ImageFormat.QCOW2.label(),
        0);
  }

  /** An operation that was killed; the home is opened again. */
  private void leave(@Nullable String boxId, Intent.Phase phase, List<FileSwitch> switches)
      throws Exception {
    leaveInOpenHome(boxId, phase, switches);
    home.close();
    open();
  }

  private void leaveInOpenHome(
      @Nullable String boxId, Intent.Phase phase, List<FileSwitch> switches) throws IOException {
    boolean making = phase == Intent.Phase.MAKING;
    Intent intent =
        new Intent(
            0,
            "snapshot",
            boxId,
            phase,
            new Holder(1, Instant.EPOCH, "dead"),
            making ? List.of(NEW_FILE) : List.of(),
            List.of(),
            switches,
            List.of(),
            making ? List.of() : List.of(OLD_FILE),
            List.of());
    home.internals().catalogue().write(rows -> new Intents(rows).add(intent, Instant.EPOCH));
  }

  private void leaveUnremovable() throws Exception {
    Files.createDirectory(place(NEW_FILE));
    leave(boxId("web"), Intent.Phase.MAKING, List.of());
  }

  @Test
  void whatCannotBeRemovedConcernsItsBoxAlone() throws Exception {
    leaveUnremovable();
    assertThat(home.list()).extracting(Box::name).containsExactly("other", "web");
    home.snapshot("other", "two", "");
    assertThatThrownBy(() -> home.snapshot("web", "two", ""))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("'snapshot' was cut short on box 'web'")
        .hasMessageContaining(NEW_FILE);
    assertThat(home.snapshots("web")).hasSize(1);
    assertThat(check(false))
        .singleElement()
        .isInstanceOf(HinderedIntent.class)
        .satisfies(finding -> {
          assertThat(finding.severity()).isEqualTo(Severity.UNCHECKED);
          assertThat(finding.message()).contains("box 'web'", NEW_FILE);
        });
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl()))
        .singleElement()
        .matches(Collected::failed);
  }

  @Test
  void onceNothingIsInTheWayItIsEndedAndTheBoxGoesOn() throws Exception {
    leaveUnremovable();
    Files.delete(place(NEW_FILE));
    home.snapshot("web", "two", "");
    assertThat(check(false)).isEmpty();
  }

  @Test
  void aRepairPutsTheBoxUnderQuarantineWhichCanThenBeRestored() throws Exception {
    leaveUnremovable();
    assertThat(check(true))
        .extracting(HomeFinding::kind)
        .containsExactly("hindered_intent", "quarantined_box");
    home.restore(new RestoreRequest("web", "one", null));
    home.snapshot("web", "two", "");
    Files.delete(place(NEW_FILE));
    assertThat(check(false)).isEmpty();
  }

  @Test
  void aBoxWhoseUnneededFilesCannotBeRemovedGoesOn() throws Exception {
    Files.createDirectory(place(OLD_FILE));
    leave(boxId("web"), Intent.Phase.SWEEPING, List.of());
    home.snapshot("web", "two", "");
    assertThat(check(true)).singleElement().isInstanceOf(HinderedIntent.class);
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.STOPPED);
    Files.delete(place(OLD_FILE));
    assertThat(check(true)).isEmpty();
  }

  @Test
  void whatCannotBeRemovedOfNoBoxConcernsNobody() throws Exception {
    Files.createDirectory(place(NEW_FILE));
    leave(null, Intent.Phase.MAKING, List.of());
    home.snapshot("web", "two", "");
    assertThat(check(true)).singleElement().isInstanceOf(HinderedIntent.class);
  }

  @Test
  void namesThatNoOperationGivesStopTheirBoxAlone() throws Exception {
    String live = "disks/" + home.path("web", BoxDisk.ROOT).getFileName();
    leave(boxId("web"), Intent.Phase.MAKING, List.of(fork(live, "layers/child.next")));
    home.snapshot("other", "two", "");
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.QUARANTINED);
    assertThat(check(true))
        .hasOnlyElementsOfTypes(StuckIntent.class, QuarantinedBox.class)
        .hasSize(2);
    home.restore(new RestoreRequest("web", "one", null));
    assertThat(check(false)).isEmpty();
  }

  /** One box's snapshot is merged into the disk of another, which is then half done itself. */
  @Test
  void aBoxWhoseDiskAnOperationOnAnotherOneWasToChangeIsNotUsedBeforeThatIsEnded()
      throws Exception {
    Files.createDirectory(place(NEW_FILE));
    leave(boxId("web"), Intent.Phase.MAKING, List.of(rebaseOfOther("../layers/elsewhere.qcow2")));
    assertThatThrownBy(() -> home.snapshot("other", "two", ""))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cut short on box 'web', and cannot be brought to its end as yet");
    Files.delete(place(NEW_FILE));
    home.snapshot("other", "two", "");
    assertThat(check(false)).isEmpty();
  }

  /** What somebody does while another process has what was cut short in hand. */
  @FunctionalInterface
  private interface Meanwhile {
    void happen() throws Exception;
  }

  private void whileAnotherEndsIt(Meanwhile meanwhile) throws Exception {
    leaveUnremovable();
    List<Intent> intents = home.internals().catalogue().read(rows -> new Intents(rows).all());
    try (Lease ending = home.internals().leases().intent(intents.getFirst().seq())) {
      assertThat(ending).isNotNull();
      meanwhile.happen();
    }
  }

  /** Defect: what another process was just ending looked as if nobody could end it. */
  @Test
  void aRepairShutsNoBoxAwayWhoseOperationAnotherProcessIsJustEnding() throws Exception {
    whileAnotherEndsIt(() ->
        assertThat(check(true))
            .singleElement()
            .isInstanceOf(InUse.class)
            .satisfies(finding ->
                assertThat(finding.message())
                    .contains("process " + ProcessHandle.current().pid())));
    assertThat(statusInCatalogue("web")).isEqualTo(BoxStatus.STOPPED);
    Files.delete(place(NEW_FILE));
    assertThat(check(true)).isEmpty();
  }

  /** Defect: what another process was just ending on a box did not keep others from changing it. */
  @Test
  void aBoxOnWhichAnotherProcessIsJustEndingSomethingIsInUse() throws Exception {
    whileAnotherEndsIt(() -> {
      assertThatThrownBy(() -> home.snapshot("web", "two", ""))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("box 'web'")
          .hasMessageContaining("process " + ProcessHandle.current().pid());
      home.snapshot("other", "two", "");
    });
    Files.delete(place(NEW_FILE));
    home.snapshot("web", "two", "");
  }

  /** Defect: whether a box refuses was asked once, before the first of two was looked at. */
  @Test
  void aBoxThatTheFirstOfTwoPutsUnderQuarantineIsRestoredWhateverHindersTheSecond()
      throws Exception {
    String live = "disks/" + home.path("web", BoxDisk.ROOT).getFileName();
    Files.createDirectory(place(NEW_FILE));
    leaveInOpenHome(boxId("web"), Intent.Phase.MAKING, List.of(fork(live, "layers/child.next")));
    leaveInOpenHome(boxId("web"), Intent.Phase.MAKING, List.of());
    home.restore(new RestoreRequest("web", "one", null));
    assertThat(home.show("web").status()).isEqualTo(BoxStatus.STOPPED);
  }

  /** What was to change the disk of another box, which then cannot be read. */
  private void leaveMergeIntoUnreadable() throws Exception {
    leaveInOpenHome(
        boxId("web"), Intent.Phase.MAKING, List.of(rebaseOfOther("../layers/elsewhere.qcow2")));
    Path live = home.path("other", BoxDisk.ROOT);
    home.close();
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              if (unreadable.get() && call.reads() && live.equals(call.path())) {
                throw new FileSystemException(live.toString(), null, "Input/output error");
              }
            });
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")), tapped.volume());
  }

  /** Defect: the box that the merge was done to was blamed, whose disks are sound. */
  @Test
  void aMergeThatTheDiskOfAnotherBoxHindersPutsThatOneUnderQuarantine() throws Exception {
    leaveMergeIntoUnreadable();
    assertThat(check(true))
        .filteredOn(finding -> finding instanceof QuarantinedBox)
        .singleElement()
        .satisfies(finding -> assertThat(finding.subject()).isEqualTo("box 'other'"));
    assertThat(statusInCatalogue("web")).isEqualTo(BoxStatus.STOPPED);
    assertThatThrownBy(() -> home.snapshot("other", "two", ""))
        .isInstanceOf(WrongStateException.class);
    home.restore(new RestoreRequest("other", "one", null));
    unreadable.set(false);
    home.snapshot("web", "two", "");
    home.snapshot("other", "two", "");
  }

  @Test
  void aBoxUnderQuarantineForAMergeOfAnotherOneCanBeRemoved() throws Exception {
    leaveMergeIntoUnreadable();
    assertThat(check(true)).isNotEmpty();
    home.remove("other", true);
    home.snapshot("web", "two", "");
    assertThat(check(false)).isEmpty();
  }

  @Test
  void aMergeThatMakesNoSenseForTheDiskOfAnotherBoxStopsThatOne() throws Exception {
    Files.writeString(home.path("other", BoxDisk.ROOT), "no image");
    leave(boxId("web"), Intent.Phase.MAKING, List.of(rebaseOfOther("../layers/elsewhere.qcow2")));
    assertThat(statusInCatalogue("other")).isEqualTo(BoxStatus.QUARANTINED);
    assertThat(statusInCatalogue("web")).isEqualTo(BoxStatus.STOPPED);
  }

  /** Defect: a disk that a program had open was taken for one that others had changed. */
  @Test
  void aDiskThatAProgramHasOpenPutsNoBoxUnderQuarantine() throws Exception {
    Path live = home.path("other", BoxDisk.ROOT);
    ImageOptions writing = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    try (DiskImage open = DiskImages.open(Volumes.host(), live, ReferencePolicy.allow(), writing)) {
      String below = String.valueOf(((Qcow2Image) open).header().backingFileName());
      leave(boxId("web"), Intent.Phase.MAKING, List.of(rebaseOfOther(below)));
      assertThat(check(true)).hasAtLeastOneElementOfType(HinderedIntent.class);
      assertThat(statusInCatalogue("web")).isEqualTo(BoxStatus.STOPPED);
      assertThat(statusInCatalogue("other")).isEqualTo(BoxStatus.STOPPED);
    }
    home.snapshot("other", "two", "");
    assertThat(check(false)).isEmpty();
  }
}
