package io.github.qcow4j.nativeio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link Fork} and {@link Exchange} do on every volume. */
public abstract class SwitchContract {

  protected Ground ground;
  protected Volume volume;
  protected Path directory;
  protected Path live;
  protected Path child;
  protected Path frozen;

  /** A ground for one test. */
  protected abstract Ground ground() throws IOException;

  @BeforeEach
  void takeGround() throws IOException {
    ground = ground();
    volume = ground.volume();
    directory = ground.directory();
    live = directory.resolve("live.qcow2");
    child = directory.resolve("child.qcow2");
    frozen = directory.resolve("frozen.qcow2");
    make(live, "old");
  }

  private void make(Path path, String content) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      Bytes.write(file, content.getBytes(UTF_8), 0);
      file.syncAll();
    }
  }

  private String content(Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      return new String(Bytes.read(file, 0, (int) file.size()), UTF_8);
    }
  }

  private Fork fork() {
    return new Fork(volume, live, frozen, child);
  }

  private Exchange exchange() {
    return new Exchange(volume, live, frozen, child);
  }

  private long inode(Path path) throws IOException {
    return volume.status(path).identity().inode();
  }

  private void assertSwitched() throws IOException {
    assertThat(content(live)).isEqualTo("new");
    assertThat(content(frozen)).isEqualTo("old");
    assertThat(volume.exists(child)).isFalse();
  }

  private void assertUnchanged() throws IOException {
    assertThat(content(live)).isEqualTo("old");
    assertThat(volume.exists(frozen)).isFalse();
  }

  @Test
  void aForkFreezesTheVeryFileAndTheChildIsLive() throws IOException {
    make(child, "new");
    FileIdentity old = volume.status(live).identity();
    FileIdentity made = volume.status(child).identity();

    assertThat(fork().run()).isEqualTo(SwitchMethod.LINK);

    assertSwitched();
    assertThat(volume.status(frozen).identity()).isEqualTo(old);
    assertThat(volume.status(live).identity()).isEqualTo(made);
    assertThat(volume.list(directory)).containsExactly("frozen.qcow2", "live.qcow2");
    assertThat(fork().state()).isEqualTo(SwitchState.DONE);
  }

  @Test
  void theFrozenFileMayGoToAnotherDirectory() throws IOException {
    volume.createDirectory(directory.resolve("layers"));
    frozen = directory.resolve("layers/1.qcow2");
    make(child, "new");

    assertThat(fork().run().neverMissing()).isTrue();

    assertSwitched();
  }

  @Test
  void aChildNeedsNoNameBeforeTheFork() throws IOException {
    ground.setPermissions(live, 0600);
    Fork fork = fork();
    try (BlockFile file = fork.createChild()) {
      Bytes.write(file, "new".getBytes(UTF_8), 0);
      boolean unnamed = volume.provider().capabilities().contains(Capability.UNNAMED_FILES);
      if (unnamed) {
        assertThat(volume.list(directory)).containsExactly("live.qcow2");
      }
      assertThat(fork.run(file)).isEqualTo(SwitchMethod.LINK);
    }

    assertSwitched();
    assertThat(volume.status(live).permissions()).isEqualTo(0600);
  }

  @Test
  void aFrozenNameThatIsTakenIsNotReplaced() throws IOException {
    make(child, "new");
    make(frozen, "another's");

    assertThatThrownBy(() -> fork().run())
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(frozen + ": File exists");
    assertThatThrownBy(() -> exchange().run()).isInstanceOf(FileAlreadyExistsException.class);
    volume = VolumeCalls.withoutLinks(volume);
    assertThatThrownBy(() -> fork().run()).isInstanceOf(FileAlreadyExistsException.class);

    assertThat(content(live)).isEqualTo("old");
    assertThat(content(frozen)).isEqualTo("another's");
    assertThat(content(child)).isEqualTo("new");
    assertThat(fork().state()).isEqualTo(SwitchState.UNEXPLAINED);
    assertThatThrownBy(() -> fork().rollForward()).isInstanceOf(FileSystemException.class);
    assertThatThrownBy(() -> fork().rollBack()).isInstanceOf(FileSystemException.class);
    assertThat(content(frozen)).isEqualTo("another's");
  }

  @Test
  void aChildNameThatIsTakenIsNotReplaced() throws IOException {
    Fork fork = fork();
    try (BlockFile file = fork.createChild()) {
      if (volume.exists(child)) {
        volume.unlink(child);
      }
      make(child, "another's");
      assertThatThrownBy(() -> fork.run(file)).isInstanceOf(FileAlreadyExistsException.class);
    }
    assertUnchanged();
    assertThat(content(child)).isEqualTo("another's");
  }

  @Test
  void whatIsMissingIsNamedAndNothingChanges() throws IOException {
    assertThatThrownBy(() -> fork().run())
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(child + ": No such file or directory");
    assertThatThrownBy(() -> exchange().run()).isInstanceOf(NoSuchFileException.class);
    assertUnchanged();

    make(child, "new");
    frozen = directory.resolve("missing/1.qcow2");
    assertThatThrownBy(() -> fork().run()).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> exchange().run()).isInstanceOf(NoSuchFileException.class);
    assertUnchanged();
    assertThat(content(child)).isEqualTo("new");
  }

  @Test
  void aVanishedDirectoryIsAnErrorThatLeavesNothing() throws IOException {
    Path inner = directory.resolve("inner");
    volume.createDirectory(inner);
    live = inner.resolve("live.qcow2");
    child = inner.resolve("child.qcow2");
    make(live, "old");
    Fork fork = fork();
    try (BlockFile file = fork.createChild()) {
      for (String name : volume.list(inner)) {
        volume.unlink(inner.resolve(name));
      }
      volume.removeDirectory(inner);
      assertThatThrownBy(() -> fork.run(file)).isInstanceOf(NoSuchFileException.class);
      assertThat(fork.state()).isEqualTo(SwitchState.UNEXPLAINED);
      assertThatThrownBy(() -> fork.rollBack()).isInstanceOf(FileSystemException.class);
    }
    assertThat(volume.list(directory)).containsExactly("live.qcow2");
  }

  @Test
  void onlyRegularFilesAreForked() throws IOException {
    make(child, "new");
    Path link = directory.resolve("link");
    ground.makeSymbolicLink(link, live.getFileName());

    assertThatThrownBy(() -> new Fork(volume, link, frozen, child).run())
        .hasMessage(link + ": not a regular file");
    assertThatThrownBy(() -> new Exchange(volume, link, frozen, child).run())
        .hasMessage(link + ": not a regular file");
    assertUnchanged();
  }

  @Test
  void namesThatCannotBeAForksAreProgrammingErrors() {
    assertThatThrownBy(() -> new Fork(volume, live, frozen, directory.resolve("other/child")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Fork(volume, live, live, child))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whereThereAreNoLinksBothFilesAreRenamedAndTheResultSaysSo() throws IOException {
    volume.createDirectory(directory.resolve("layers"));
    frozen = directory.resolve("layers/1.qcow2");
    make(child, "new");
    volume = VolumeCalls.withoutLinks(volume);

    SwitchMethod method = fork().run();

    assertThat(method).isEqualTo(SwitchMethod.TWO_RENAMES);
    assertThat(method.neverMissing()).isFalse();
    assertSwitched();
  }

  @Test
  void whatAPowerCutLeftIsRolledForwardOrBack() throws IOException {
    for (SwitchState state :
        new SwitchState[] {SwitchState.UNCHANGED, SwitchState.LINKED, SwitchState.BETWEEN}) {
      for (boolean forward : new boolean[] {true, false}) {
        make(child, "new");
        if (state == SwitchState.LINKED) {
          volume.link(live, frozen);
        } else if (state == SwitchState.BETWEEN) {
          volume.rename(live, frozen, RenameMode.REPLACE);
        }
        assertThat(fork().state()).isEqualTo(state);
        if (forward) {
          fork().rollForward();
          assertSwitched();
          fork().rollForward();
        }
        fork().rollBack();
        assertUnchanged();
        fork().rollBack();
        assertThat(volume.list(directory)).containsExactly("live.qcow2");
      }
    }
  }

  @Test
  void anExchangeKeepsTheReplacedFile() throws IOException {
    make(child, "new");
    FileIdentity old = volume.status(live).identity();
    FileIdentity made = volume.status(child).identity();

    boolean oneStep = volume.provider().capabilities().contains(Capability.RENAME_FLAGS);
    assertThat(exchange().run()).isEqualTo(oneStep ? SwitchMethod.EXCHANGE : SwitchMethod.LINK);

    assertSwitched();
    assertThat(volume.status(frozen).identity()).isEqualTo(old);
    assertThat(volume.status(live).identity()).isEqualTo(made);
    assertThat(exchange().state(made.inode())).isEqualTo(SwitchState.DONE);
    assertThat(exchange().state(old.inode())).isEqualTo(SwitchState.UNEXPLAINED);
  }

  @Test
  void aNewFileNeedsNoNameBeforeTheExchange() throws IOException {
    Exchange exchange = exchange();
    try (BlockFile file = exchange.createFresh()) {
      Bytes.write(file, "new".getBytes(UTF_8), 0);
      exchange.run(file);
    }
    assertSwitched();
  }

  @Test
  void whereExchangesAreRefusedTheNextWaysAreTaken() throws IOException {
    make(child, "new");
    volume = VolumeCalls.withoutExchange(volume);
    assertThat(exchange().run()).isEqualTo(SwitchMethod.LINK);
    assertSwitched();

    volume.rename(frozen, live, RenameMode.REPLACE);
    make(child, "new");
    volume = VolumeCalls.withoutLinks(volume);
    assertThat(exchange().run()).isEqualTo(SwitchMethod.TWO_RENAMES);
    assertSwitched();
  }

  @Test
  void aHalfExchangeIsRolledForwardOrBack() throws IOException {
    for (boolean exchanged : new boolean[] {false, true}) {
      for (boolean forward : new boolean[] {true, false}) {
        make(child, "new");
        long fresh = inode(child);
        if (exchanged) {
          volume.rename(child, live, RenameMode.EXCHANGE);
        }
        assertThat(exchange().state(fresh))
            .isEqualTo(exchanged ? SwitchState.EXCHANGED : SwitchState.UNCHANGED);
        if (forward) {
          exchange().rollForward(fresh);
          assertSwitched();
          exchange().rollForward(fresh);
        }
        exchange().rollBack(fresh);
        assertUnchanged();
        exchange().rollBack(fresh);
        assertThat(volume.list(directory)).containsExactly("live.qcow2");
      }
    }
  }
}
