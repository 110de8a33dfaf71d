package io.github.qcow4j.snapshot.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How far each kind of switch has come, and both ways from there. */
class FileSwitchesTest {

  private static final String LIVE = "disks/live";
  private static final String FRESH = "disks/fresh";
  private static final String KEPT = "disks/kept";

  private JournalGround at;

  @BeforeEach
  void open() throws Exception {
    at = new JournalGround();
  }

  @AfterEach
  void close() throws IOException {
    at.close();
    at.simulated.assertNothingOpen();
  }

  private FileSwitches of(FileSwitch each) throws IOException {
    return FileSwitches.of(at.volume, at.layout, each);
  }

  private FileSwitches exchange() throws IOException {
    at.make(LIVE, FRESH);
    long inode = at.simulated.linkStatus(at.layout.resolve(LIVE)).identity().inode();
    return of(new FileSwitch(FileSwitch.Kind.EXCHANGE, LIVE, KEPT, FRESH, inode));
  }

  private void exchangeNames() throws IOException {
    at.simulated.rename(at.layout.resolve(FRESH), at.layout.resolve(LIVE), RenameMode.EXCHANGE);
  }

  private void assertExchanged() throws IOException {
    assertThat(at.at(LIVE)).isEqualTo(FRESH);
    assertThat(at.at(KEPT)).isEqualTo(LIVE);
    assertThat(at.at(FRESH)).isNull();
  }

  private void assertUnchanged() throws IOException {
    assertThat(at.at(LIVE)).isEqualTo(LIVE);
    assertThat(at.at(KEPT)).isNull();
    assertThat(at.at(FRESH)).isNull();
  }

  @Test
  void anExchangeThatIsRunIsDone() throws Exception {
    FileSwitches exchange = exchange();
    assertThat(exchange.progress()).isEqualTo(Progress.READY);
    exchange.run();
    assertThat(exchange.progress()).isEqualTo(Progress.DONE);
    assertExchanged();
  }

  @Test
  void anExchangeThatIsDoneIsUndone() throws Exception {
    FileSwitches exchange = exchange();
    exchange.run();
    exchange.rollBack();
    assertUnchanged();
  }

  @Test
  void anExchangeWhoseNamesAreExchangedIsEnded() throws Exception {
    FileSwitches exchange = exchange();
    exchangeNames();
    assertThat(exchange.progress()).isEqualTo(Progress.BEGUN);
    exchange.rollForward();
    assertExchanged();
  }

  @Test
  void anExchangeWhoseNamesAreExchangedIsUndone() throws Exception {
    FileSwitches exchange = exchange();
    exchangeNames();
    exchange.rollBack();
    assertUnchanged();
  }

  /** As a rename leaves it that a file system makes in two steps. */
  @Test
  void anExchangeWhoseNewFileHasItsFirstNameStillIsDone() throws Exception {
    FileSwitches exchange = exchange();
    exchange.run();
    at.simulated.link(at.layout.resolve(LIVE), at.layout.resolve(FRESH));
    assertThat(exchange.progress()).isEqualTo(Progress.DONE);
    exchange.rollForward();
    assertExchanged();
  }

  @Test
  void anExchangeThatWasNotBegunIsUndone() throws Exception {
    FileSwitches exchange = exchange();
    exchange.rollBack();
    assertUnchanged();
  }

  @Test
  void anExchangeWhoseNewFileIsLostCannotBeDone() throws Exception {
    FileSwitches exchange = exchange();
    at.simulated.unlink(at.layout.resolve(FRESH));
    assertThat(exchange.progress()).isEqualTo(Progress.LOST);
  }

  @Test
  void aForkGoesBothWaysFromWhereItStands() throws Exception {
    at.make(LIVE, FRESH);
    FileSwitches fork = of(JournalGround.FORK);
    at.simulated.link(at.layout.resolve(LIVE), at.layout.resolve("layers/frozen"));
    assertThat(fork.progress()).isEqualTo(Progress.BEGUN);
    fork.rollForward();
    assertThat(fork.progress()).isEqualTo(Progress.DONE);
    assertThat(at.at(LIVE)).isEqualTo(FRESH);
    fork.rollBack();
    assertThat(at.at(LIVE)).isEqualTo(LIVE);
    assertThat(at.at("layers/frozen")).isNull();
  }

  private void overlay(@Nullable String backing) throws IOException {
    ImageSpec spec = ImageSpec.ofSize(1 << 16);
    ImageCreation.create(
        at.simulated,
        at.layout.resolve(LIVE),
        backing == null ? spec : spec.withBacking(backing, "qcow2"));
  }

  private FileSwitch rebase(String name) {
    return new FileSwitch(FileSwitch.Kind.REBASE, LIVE, name, "qcow2", 0);
  }

  private @Nullable String backingName() throws IOException {
    Path image = at.layout.resolve(LIVE);
    return ImageInspector.inspect(at.simulated, image, ImageOptions.of(ImageFormat.QCOW2))
        .backingName();
  }

  @Test
  void ofARebaseTheHeaderTells() throws Exception {
    overlay("old");
    assertThat(of(rebase("new")).progress()).isEqualTo(Progress.LOST);
    assertThat(of(rebase("")).progress()).isEqualTo(Progress.LOST);
    assertThat(of(rebase("old")).progress()).isEqualTo(Progress.DONE);
  }

  @Test
  void ofARebaseOntoNothingTheHeaderTellsToo() throws Exception {
    overlay(null);
    assertThat(of(rebase("")).progress()).isEqualTo(Progress.DONE);
    assertThat(of(rebase("new")).progress()).isEqualTo(Progress.LOST);
  }

  @Test
  void aRebaseIsEndedByAnotherWriteOfTheHeader() throws Exception {
    overlay("old");
    of(rebase("new")).rollForward();
    assertThat(backingName()).isEqualTo("new");
    of(rebase("")).rollForward();
    assertThat(backingName()).isNull();
  }

  /** One that has written its header is done, whatever fails after it. */
  @Test
  void aRebaseThatFailedIsDoneWhenItsHeaderSaysSo() throws Exception {
    overlay("old");
    at.journal.run(
        rebasing(),
        () -> {
          of(rebase("new")).rollForward();
          throw new IOException("after it");
        });
    assertThat(at.box().name()).isEqualTo("renamed");
    assertThat(at.intents()).isEmpty();
  }

  @Test
  void aRebaseThatFailedBeforeItsHeaderWasWrittenHasFailed() throws Exception {
    overlay("old");
    IOException failure = new IOException("before it");
    assertThatThrownBy(() ->
            at.journal.run(
                rebasing(),
                () -> {
                  throw failure;
                }))
        .isSameAs(failure);
    assertThat(at.box().name()).isEqualTo("web");
    assertThat(at.intents()).isEmpty();
    assertThat(backingName()).isEqualTo("old");
  }

  private Intent rebasing() {
    return JournalGround.intent(
        JournalGround.BOX,
        List.of(),
        List.of(rebase("new")),
        List.of(Change.renameBox(JournalGround.BOX, "renamed")),
        List.of());
  }
}
