package io.github.qcow4j.snapshot.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of an intent whose process is dead, by what its files show. */
class RecoveryTest {

  private static final List<Change> RENAMED = List.of(Change.renameBox(JournalGround.BOX, "new"));

  private JournalGround at;
  private Recovery recovery;

  @BeforeEach
  void open() throws Exception {
    at = new JournalGround();
    recovery = new Recovery(at.journal);
  }

  @AfterEach
  void close() throws IOException {
    at.close();
    at.simulated.assertNothingOpen();
  }

  private Intent left(@Nullable String boxId, List<Change> changes, String... doomed)
      throws IOException {
    return at.left(
        JournalGround.intent(
            boxId, List.of("disks/fresh"), List.of(JournalGround.FORK), changes, List.of(doomed)));
  }

  private void begin() throws IOException {
    at.make("disks/live", "disks/fresh");
    at.simulated.link(at.layout.resolve("disks/live"), at.layout.resolve("layers/frozen"));
  }

  @Test
  void whatWasBegunIsEnded() throws Exception {
    begin();
    at.make("layers/old");
    Intent intent = left(JournalGround.BOX, RENAMED, "layers/old");

    assertThat(recovery.run()).isOne();

    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
    assertThat(at.at("layers/old")).isNull();
    assertThat(at.box().name()).isEqualTo("new");
    assertThat(at.stored(intent)).isNull();
    assertThat(at.story).containsExactly("thaw", "SWEPT");
  }

  @Test
  void whatWasBegunIsEndedWithoutSweepingWhereNoFileGoes() throws Exception {
    begin();
    assertThat(recovery.end(left(JournalGround.BOX, RENAMED))).isTrue();
    assertThat(at.story).isEmpty();
  }

  @Test
  void whatWasNotBegunIsUndone() throws Exception {
    at.make("disks/live", "disks/fresh");
    Intent intent = left(JournalGround.BOX, RENAMED);

    assertThat(recovery.end(intent)).isFalse();

    assertThat(at.at("disks/fresh")).isNull();
    assertThat(at.box().name()).isEqualTo("web");
    assertThat(at.stored(intent)).isNull();
  }

  @Test
  void whatIsUndoneCountsAsEnded() throws Exception {
    at.make("disks/live", "disks/fresh");
    Intent _ = left(JournalGround.BOX, RENAMED);
    assertThat(recovery.run()).isOne();
  }

  @Test
  void ofWhatIsDoneTheFilesGo() throws Exception {
    at.make("layers/old");
    Intent intent = left(JournalGround.BOX, RENAMED, "layers/old");
    at.catalogue.write(rows -> {
      new Intents(rows).complete(intent);
      return intent;
    });

    assertThat(recovery.end(at.stored(intent))).isTrue();

    assertThat(at.at("layers/old")).isNull();
    assertThat(at.stored(intent)).isNull();
  }

  @Test
  void whatIsRefusedNowIsUndone() throws Exception {
    begin();
    Intent intent =
        left(JournalGround.BOX, List.of(Change.addBox("other", "web", JournalGround.NOW, null)));

    assertThat(recovery.end(intent)).isFalse();

    assertThat(at.at("disks/live")).isEqualTo("disks/live");
    assertThat(at.at("disks/fresh")).isNull();
    assertThat(at.stored(intent)).isNull();
  }

  @Test
  void whatTheCatalogueCannotDoIsNotUndoneForIt() throws Exception {
    begin();
    at.sql("ALTER TABLE box RENAME TO lost");
    Intent intent = left(JournalGround.BOX, RENAMED);

    assertThatThrownBy(() -> recovery.end(intent))
        .isInstanceOfSatisfying(
            CatalogueException.class, e -> assertThat(e.constraint()).isFalse());

    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
    assertThat(at.stored(intent)).isNotNull();
  }

  @Test
  void anIntentOfALivingProcessIsLeftAlone() throws Exception {
    begin();
    Intent intent = left(JournalGround.BOX, RENAMED);
    try (Lease living = at.leases.intent(intent.seq())) {
      assertThat(living).isNotNull();
      assertThat(recovery.run()).isZero();
      assertThat(recovery.run(intent)).isEqualTo(Ending.BUSY);
    }
    assertThat(at.stored(intent)).isNotNull();
    assertThat(at.story).isEmpty();
  }

  @Test
  void anIntentThatIsOverMeanwhileIsNotEndedAgain() throws Exception {
    begin();
    Intent intent = left(JournalGround.BOX, RENAMED);
    at.sql("DELETE FROM intent");
    assertThat(recovery.run(intent)).isEqualTo(Ending.ENDED);
    assertThat(at.at("disks/fresh")).isEqualTo("disks/fresh");
  }

  @Test
  void whoAsksForABoxWaitsForItsWritersAgain() throws Exception {
    begin();
    assertThat(recovery.run(left(JournalGround.BOX, RENAMED))).isEqualTo(Ending.ENDED);
    assertThat(at.story).containsExactly("thaw again");
  }

  @Test
  void nothingIsEndedWhileSomebodyMayHoldStill() throws Exception {
    begin();
    Intent intent = left(JournalGround.BOX, RENAMED);
    at.thawed = false;
    assertThat(recovery.run()).isZero();
    assertThat(recovery.run(intent)).isEqualTo(Ending.LEFT);
    assertThat(at.stored(intent)).isNotNull();
    assertThat(at.at("disks/fresh")).isEqualTo("disks/fresh");
  }

  @Test
  void filesThatOthersHaveChangedStopTheirBox() throws Exception {
    begin();
    at.make("disks/stranger");
    at.simulated.rename(
        at.layout.resolve("disks/stranger"), at.layout.resolve("disks/live"), RenameMode.REPLACE);
    Intent intent = left(JournalGround.BOX, RENAMED);

    assertThat(recovery.run()).isZero();

    assertThat(at.box().status()).isEqualTo(BoxStatus.QUARANTINED);
    assertThat(at.stored(intent)).isNotNull();
    assertThat(at.at("disks/live")).isEqualTo("disks/stranger");
  }

  @Test
  void filesOfNoBoxThatOthersHaveChangedStopNothing() throws Exception {
    Intent intent = left(null, RENAMED);
    assertThat(recovery.run()).isZero();
    assertThat(at.box().status()).isEqualTo(BoxStatus.STOPPED);
    assertThat(at.stored(intent)).isNotNull();
  }

  @Test
  void whatTheStorageKeepsFromBeingEndedIsLeftAndTheOthersAreEnded() throws Exception {
    at.simulated.createDirectory(at.layout.resolve("disks/fresh"));
    Intent intent =
        at.left(
            JournalGround.intent(
                JournalGround.BOX, List.of("disks/fresh"), List.of(), List.of(), List.of()));
    Intent next = at.left(JournalGround.intent(null, List.of(), List.of(), List.of(), List.of()));

    assertThat(recovery.run()).isOne();
    assertThat(at.stored(intent)).isNotNull();
    assertThat(at.stored(next)).isNull();
    assertThat(at.box().status()).isEqualTo(BoxStatus.STOPPED);

    assertThatThrownBy(() -> recovery.run(intent))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("disks/fresh");
  }

  @Test
  void namesThatNoOperationGivesStopTheirBox() throws Exception {
    begin();
    FileSwitch elsewhere =
        new FileSwitch(FileSwitch.Kind.FORK, "disks/live", "layers/frozen", "layers/fresh", 0);
    Intent intent =
        at.left(
            JournalGround.intent(
                JournalGround.BOX, List.of(), List.of(elsewhere), RENAMED, List.of()));

    assertThat(recovery.run()).isZero();

    assertThat(at.box().status()).isEqualTo(BoxStatus.QUARANTINED);
    assertThat(at.stored(intent)).isNotNull();
  }

  @Test
  void aCatalogueThatFailsLetsNothingGoOn() throws Exception {
    begin();
    at.sql("ALTER TABLE box RENAME TO lost");
    Intent _ = left(JournalGround.BOX, RENAMED);
    assertThatThrownBy(() -> recovery.run()).isInstanceOf(CatalogueException.class);
  }

  @Test
  void anIntentThatCannotBeReadStopsItsBox() throws Exception {
    Intent intent = left(JournalGround.BOX, RENAMED);
    at.sql("UPDATE intent SET plan = '{'");
    assertThat(recovery.run()).isZero();
    assertThat(at.box().status()).isEqualTo(BoxStatus.QUARANTINED);
    assertThat(at.stored(intent)).isNotNull();
    assertThat(at.story).isEmpty();
  }

  @Test
  void anIntentOfABoxThatIsNotThereIsForgottenWhenItCannotBeRead() throws Exception {
    Intent intent = left("missing", RENAMED);
    at.sql("UPDATE intent SET plan = '{'");
    assertThat(recovery.run()).isOne();
    assertThat(at.stored(intent)).isNull();
    assertThat(at.box().status()).isEqualTo(BoxStatus.STOPPED);
  }

  @Test
  void anIntentOfNoBoxIsForgottenWhenItCannotBeRead() throws Exception {
    Intent intent = left(null, RENAMED);
    at.sql("UPDATE intent SET plan = '{'");
    assertThat(recovery.run()).isOne();
    assertThat(at.stored(intent)).isNull();
  }
}
