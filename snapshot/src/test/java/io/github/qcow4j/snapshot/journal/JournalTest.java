package io.github.qcow4j.snapshot.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.error.UnsettledException;
import io.github.qcow4j.snapshot.lease.Lease;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** In what order an intent is carried out, and what comes of each failure on the way. */
class JournalTest {

  private static final List<Change> RENAMED = List.of(Change.renameBox(JournalGround.BOX, "new"));

  /** What a constraint of the catalogue forbids. */
  private static final List<Change> FORBIDDEN =
      List.of(Change.addBox("other", "web", JournalGround.NOW, null));

  private JournalGround at;

  @BeforeEach
  void open() throws Exception {
    at = new JournalGround();
    at.make("disks/live");
  }

  @AfterEach
  void close() throws IOException {
    at.close();
    at.simulated.assertNothingOpen();
  }

  private static Intent forking(List<Change> changes, String... doomed) {
    return JournalGround.intent(
        JournalGround.BOX,
        List.of("disks/fresh"),
        List.of(JournalGround.FORK),
        changes,
        List.of(doomed));
  }

  private static Intent making(String... made) {
    return JournalGround.intent(JournalGround.BOX, List.of(made), List.of(), RENAMED, List.of());
  }

  private void makeFresh() throws IOException {
    at.make("disks/fresh");
    at.story.add("made");
  }

  private boolean isNothingLeft() throws IOException {
    return at.intents().isEmpty();
  }

  @Test
  void anIntentIsWrittenDownThenItsFilesAreMadeThenSwitchedThenItIsDone() throws Exception {
    at.make("layers/old");
    at.journal.run(forking(RENAMED, "layers/old"), this::makeFresh);

    assertThat(at.story)
        .containsExactly(
            "INTENT_COMMITTED", "made", "FILES_MADE", "SWITCHED", "RESULT_COMMITTED", "SWEPT");
    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
    assertThat(at.at("layers/frozen")).isEqualTo("disks/live");
    assertThat(at.at("layers/old")).isNull();
    assertThat(at.box().name()).isEqualTo("new");
    assertThat(isNothingLeft()).isTrue();
    assertThat(at.synced().getLast()).isEqualTo("layers");
  }

  /** Ended afterwards, the other one would not find what it was begun on. */
  @Test
  void whatAnotherIsStillToChangeIsNeitherRemovedNorChanged() throws Exception {
    FileSwitch rebase =
        new FileSwitch(FileSwitch.Kind.REBASE, "disks/live", "../layers/below", "qcow2", 0);
    at.left(JournalGround.intent("another", List.of(), List.of(rebase), List.of(), List.of()));
    Intent removing =
        JournalGround.intent(
            JournalGround.BOX, List.of(), List.of(), List.of(), List.of("disks/live"));
    for (Intent draft : List.of(removing, forking(RENAMED))) {
      assertThatThrownBy(() -> at.journal.run(draft, this::makeFresh))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("still to be changed");
    }
    assertThat(at.story).isEmpty();
    assertThat(at.intents()).hasSize(1);
    assertThat(at.at("disks/live")).isEqualTo("disks/live");
  }

  @Test
  void whereNoFileIsToGoNothingIsSwept() throws Exception {
    at.journal.run(forking(RENAMED), this::makeFresh);

    assertThat(at.story).doesNotContain("SWEPT").contains("RESULT_COMMITTED");
    assertThat(isNothingLeft()).isTrue();
  }

  @Test
  void anIntentIsThisProcesssOwnUntilItIsOver() throws Exception {
    at.journal.run(making("layers/a"), () -> assertThat(at.leases.intent(1)).isNull());
    try (Lease free = at.leases.intent(1)) {
      assertThat(free).isNotNull();
    }
  }

  @Test
  void theNamesOfNewFilesAreDurableBeforeTheyAreUsedUnlessTheyAreSwitchedAway() throws Exception {
    Intent intent =
        JournalGround.intent(
            JournalGround.BOX,
            List.of("disks/fresh", "layers/a", "layers/b", "files/c"),
            List.of(JournalGround.FORK),
            List.of(),
            List.of());
    at.journal.run(
        intent,
        () -> {
          makeFresh();
          at.make("layers/a", "layers/b", "files/c");
          at.tapped.forget();
        });

    assertThat(at.synced().subList(0, 2)).containsExactly("layers", "files");
    assertThat(at.synced().subList(2, at.synced().size())).containsExactly("layers", "disks");
  }

  @Test
  void whatWasMadeGoesWhenMakingFails() throws Exception {
    at.make("layers/.a.1.qcow4j-tmp", "layers/.a.1", "layers/.other.qcow4j-tmp");
    IOException failure = new NameTakenException("no");

    assertThatThrownBy(() ->
            at.journal.run(
                making("layers/a", "files/never"),
                () -> {
                  at.make("layers/a");
                  at.tapped.forget();
                  throw failure;
                }))
        .isSameAs(failure)
        .hasNoSuppressedExceptions();

    assertThat(at.at("layers/a")).isNull();
    assertThat(at.at("layers/.a.1.qcow4j-tmp")).isNull();
    assertThat(at.at("layers/.a.1")).isNotNull();
    assertThat(at.at("layers/.other.qcow4j-tmp")).isNotNull();
    assertThat(at.synced()).containsExactly("layers", "files", "layers");
    assertThat(at.box().name()).isEqualTo("web");
    assertThat(isNothingLeft()).isTrue();
    assertThat(at.story).containsExactly("INTENT_COMMITTED");
  }

  @Test
  void onlyWhatWasBegunIsUndone() throws Exception {
    at.make("disks/second");
    // Its new file was not made; of the third there is nothing that an undoing could explain.
    FileSwitch second =
        new FileSwitch(FileSwitch.Kind.FORK, "disks/second", "layers/second", "disks/never", 0);
    FileSwitch third =
        new FileSwitch(FileSwitch.Kind.FORK, "disks/none", "layers/none", "disks/nothing", 0);
    Intent intent =
        JournalGround.intent(
            JournalGround.BOX,
            List.of("disks/fresh"),
            List.of(JournalGround.FORK, second, third),
            RENAMED,
            List.of());

    assertThatThrownBy(() -> at.journal.run(intent, this::makeFresh))
        .isInstanceOf(NoSuchFileException.class)
        .hasNoSuppressedExceptions();

    assertThat(at.story).containsExactly("INTENT_COMMITTED", "made", "FILES_MADE", "SWITCHED");
    assertThat(at.at("disks/live")).isEqualTo("disks/live");
    assertThat(at.at("layers/frozen")).isNull();
    assertThat(at.at("disks/second")).isEqualTo("disks/second");
    assertThat(isNothingLeft()).isTrue();
  }

  /** Recovery would end what was begun; who is told of a failure has it undone. */
  @Test
  void aSwitchThatWasDoneButForItsSyncIsUndone() throws Exception {
    int[] renames = {0};
    at.tap =
        call -> {
          renames[0] += call.is("rename") ? 1 : 0;
          if (renames[0] == 1 && call.is("syncDirectory")) {
            renames[0]++;
            throw Errno.EIO.exception("fsync", call.path().toString());
          }
        };
    assertThatThrownBy(() -> at.journal.run(forking(RENAMED), this::makeFresh))
        .hasMessageEndingWith(Errno.EIO.text())
        .hasNoSuppressedExceptions();

    assertThat(renames[0]).isGreaterThan(1);
    assertThat(at.at("disks/live")).isEqualTo("disks/live");
    assertThat(at.box().name()).isEqualTo("web");
  }

  @Test
  void theSwitchesThatWereDoneAreUndoneWhenTheResultIsRefused() throws Exception {
    assertThatThrownBy(() -> at.journal.run(forking(FORBIDDEN), this::makeFresh))
        .isInstanceOfSatisfying(CatalogueException.class, e -> assertThat(e.constraint()).isTrue())
        .hasNoSuppressedExceptions();

    assertThat(at.at("disks/live")).isEqualTo("disks/live");
    assertThat(at.at("layers/frozen")).isNull();
    assertThat(at.at("disks/fresh")).isNull();
    assertThat(isNothingLeft()).isTrue();
  }

  @Test
  void aResultThatIsThereIsDoneWhateverTheCommitSaid() throws Exception {
    failCommit(2);
    at.make("layers/old");
    at.journal.run(forking(RENAMED, "layers/old"), this::makeFresh);

    assertThat(at.story).endsWith("RESULT_COMMITTED", "SWEPT");
    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
    assertThat(isNothingLeft()).isTrue();
  }

  @Test
  void aResultWithoutFilesThatGoIsDoneTooWhateverTheCommitSaid() throws Exception {
    failCommit(2);
    at.journal.run(forking(RENAMED), this::makeFresh);

    assertThat(at.box().name()).isEqualTo("new");
    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
  }

  @Test
  void aResultThatNobodyCanAskForIsUnsettled() throws Exception {
    IOException failure = new IOException("gone");
    int[] count = {0};
    at.commits =
        connection -> {
          count[0]++;
          if (count[0] == 2) {
            at.sql("ALTER TABLE intent RENAME TO lost");
            throw failure;
          }
        };

    assertThatThrownBy(() -> at.journal.run(forking(RENAMED), this::makeFresh))
        .isInstanceOf(UnsettledException.class)
        .hasCause(failure);

    assertThat(failure.getSuppressed()).hasSize(1);
    // Nothing is undone of what may be done.
    assertThat(at.at("disks/live")).isEqualTo("disks/fresh");
  }

  @Test
  void filesThatCannotGoNowDoNotMakeADoneOperationFail() throws Exception {
    at.make("layers/old");
    at.tap =
        call -> {
          if (call.is("unlink") && call.path().endsWith("layers/old")) {
            throw Errno.EIO.exception("unlink", call.path().toString());
          }
        };
    at.journal.run(forking(RENAMED, "layers/old"), this::makeFresh);

    assertThat(at.intents()).hasSize(1);
    assertThat(at.intents().getFirst().phase()).isEqualTo(Intent.Phase.SWEEPING);
    assertThat(at.story).doesNotContain("SWEPT");
  }

  static Stream<Exception> failuresOfOtherKinds() {
    return Stream.of(
        new NameTakenException("no"),
        new ImageInUseException(Path.of("/home/disks/live"), "held"),
        cancelled(),
        new NoSuchFileException("outside"),
        new IllegalStateException("no"));
  }

  @ParameterizedTest
  @MethodSource("failuresOfOtherKinds")
  void aFailureThatTheStorageHasNoPartInIsToldAsItIsHoweverItWasUndone(Exception failure) {
    refuseToUndo();
    assertThatThrownBy(() -> at.journal.run(making("layers/a"), () -> fail(failure)))
        .isSameAs(failure);
    assertThat(failure.getSuppressed()).hasSize(1);
  }

  private static Exception cancelled() {
    JobControl control = new JobControl();
    control.cancel();
    return catchThrowableOfType(JobCancelledException.class, control::checkpoint);
  }

  static Stream<IOException> failuresOfStorage() {
    return Stream.of(
        new IOException("no"), new CatalogueException(BoxException.Kind.FAILED, "no", false, null));
  }

  @ParameterizedTest
  @MethodSource("failuresOfStorage")
  void aFailureOfTheStorageThatCannotBeUndoneIsUnsettled(IOException failure) {
    refuseToUndo();
    assertThatThrownBy(() -> at.journal.run(making("layers/a"), () -> fail(failure)))
        .isInstanceOf(UnsettledException.class)
        .hasCause(failure);
    assertThat(failure.getSuppressed()).hasSize(1);
  }

  @Test
  void anyFailureOnceSwitchingHasBegunIsUnsettledWhenItCannotBeUndone() {
    refuseToUndo();
    assertThatThrownBy(() -> at.journal.run(forking(FORBIDDEN), this::makeFresh))
        .isInstanceOf(UnsettledException.class)
        .hasCauseInstanceOf(CatalogueException.class);
  }

  @Test
  void anIntentThatSomebodyHoldsAlreadyIsNotBegun() throws Exception {
    try (Lease others = at.leases.intent(1)) {
      assertThat(others).isNotNull();
      assertThatThrownBy(() -> at.journal.run(making("layers/a"), () -> at.make("layers/a")))
          .hasMessageContaining("not yet there");
    }
    assertThat(isNothingLeft()).isTrue();
    assertThat(at.at("layers/a")).isNull();
    assertThat(at.story).isEmpty();
  }

  @Test
  void anIntentThatCannotBeWrittenDownIsHeldByNobody() throws Exception {
    failCommit(1);
    assertThatThrownBy(() -> at.journal.run(making("layers/a"), () -> at.make("layers/a")))
        .hasMessage("gone");
    assertThat(at.at("layers/a")).isNull();
    try (Lease free = at.leases.intent(1)) {
      assertThat(free).isNotNull();
    }
  }

  /** What a stranger's home names must not lead elsewhere. */
  @Test
  void noFileIsRemovedThroughALink() throws Exception {
    at.simulated.createDirectory(Path.of("/elsewhere"));
    at.simulated.makeSymbolicLink(at.layout.staging().resolve("in"), Path.of("/elsewhere"));
    at.make("staging/in/file");
    at.journal.run(forking(RENAMED, "staging/in/file"), this::makeFresh);

    assertThat(at.simulated.list(Path.of("/elsewhere"))).containsExactly("file");
    assertThat(at.intents()).hasSize(1);
  }

  @Test
  void aStagedFileThatIsGoneWithItsDirectoryIsGone() throws Exception {
    at.journal.run(forking(RENAMED, "staging/gone/file"), this::makeFresh);
    assertThat(isNothingLeft()).isTrue();
  }

  @Test
  void aFileRightInTheHomeHasADirectory() throws Exception {
    at.simulated.createDirectory(at.layout.staging().resolve("in"));
    at.make("staging/in/file");
    at.tapped.forget();
    at.journal.run(forking(RENAMED, "staging/in/file"), this::makeFresh);
    assertThat(at.synced()).endsWith("staging/in");
    assertThat(at.at("staging/in/file")).isNull();
  }

  private void failCommit(int nth) {
    int[] count = {0};
    at.commits =
        connection -> {
          count[0]++;
          if (count[0] == nth) {
            throw new IOException("gone");
          }
        };
  }

  private void refuseToUndo() {
    at.tap =
        call -> {
          if (call.is("unlink")) {
            throw Errno.EIO.exception("unlink", call.path().toString());
          }
        };
  }

  private static void fail(Exception failure) throws IOException {
    if (failure instanceof IOException io) {
      throw io;
    }
    throw (RuntimeException) failure;
  }
}
