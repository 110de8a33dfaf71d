package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.OpenOptions.Access;
import io.github.qcow4j.nativeio.OpenOptions.Creation;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Volume} does, whatever the provider and the file system. */
public abstract class VolumeContract {

  private static final OpenOptions READ_OR_CREATE =
      new OpenOptions(Access.READ, Creation.IF_MISSING, false, true);

  protected Ground ground;
  protected Volume volume;
  protected Path directory;

  /** A ground for one test. */
  protected abstract Ground ground() throws IOException;

  @BeforeEach
  void takeGround() throws IOException {
    ground = ground();
    volume = ground.volume();
    directory = ground.directory();
  }

  protected Path make(String name, int length) throws IOException {
    Path path = directory.resolve(name);
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      Bytes.write(file, Bytes.random(length, length), 0);
    }
    return path;
  }

  private long sizeOf(Path path) throws IOException {
    return volume.status(path).sizeBytes();
  }

  private static void assertFails(Errno errno, Path path, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SystemCallException.class,
            e -> {
              assertThat(e.errno()).isEqualTo(errno.number());
              assertThat(e.getReason()).isEqualTo(errno.text());
              assertThat(e.getFile()).isEqualTo(path.toString());
            });
  }

  @Test
  void aMissingFileIsNamedWithTheReason() {
    Path missing = directory.resolve("missing");
    String message = missing + ": No such file or directory";

    assertThatThrownBy(() -> volume.open(missing, OpenOptions.reading()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> volume.open(missing, OpenOptions.writing()))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> volume.status(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.linkStatus(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.realPath(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.readLink(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.unlink(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.removeDirectory(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.list(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.syncDirectory(missing)).hasMessage(message);
    assertThatThrownBy(() -> volume.createUnnamed(missing)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> volume.open(missing.resolve("x"), OpenOptions.creatingNew()))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> volume.createDirectory(missing.resolve("x")))
        .isInstanceOf(NoSuchFileException.class);
    for (RenameMode mode : RenameMode.values()) {
      assertThatThrownBy(() -> volume.rename(missing, directory.resolve("x"), mode))
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining("No such file or directory");
    }
    assertThatThrownBy(() -> volume.link(missing, directory.resolve("x")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void creationIsAsAskedFor() throws IOException {
    Path path = directory.resolve("a");
    volume.open(path, OpenOptions.creatingIfMissing()).close();
    assertThat(volume.exists(path)).isTrue();
    assertThatThrownBy(() -> volume.open(path, OpenOptions.creatingNew()))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(path + ": File exists");
    try (BlockFile file = volume.open(path, OpenOptions.writing())) {
      Bytes.write(file, new byte[10], 0);
    }
    try (BlockFile file = volume.open(path, OpenOptions.creatingIfMissing())) {
      assertThat(file.size()).isEqualTo(10);
    }
    try (BlockFile file = volume.open(directory.resolve("b"), READ_OR_CREATE)) {
      assertThat(file.writable()).isFalse();
      assertThat(file.size()).isZero();
    }
  }

  @Test
  void aDirectoryIsNoBlockFile() {
    assertFails(Errno.EISDIR, directory, () -> volume.open(directory, OpenOptions.reading()));
    assertFails(Errno.EISDIR, directory, () -> volume.open(directory, OpenOptions.writing()));
  }

  @Test
  void aFileIsNoDirectory() throws IOException {
    Path file = make("file", 10);
    Path below = file.resolve("x");

    assertFails(Errno.ENOTDIR, below, () -> volume.open(below, OpenOptions.reading()));
    assertFails(Errno.ENOTDIR, below, () -> volume.exists(below));
    assertFails(Errno.ENOTDIR, below, () -> volume.status(below));
    assertFails(Errno.ENOTDIR, below, () -> volume.createDirectory(below));
    assertFails(Errno.ENOTDIR, file, () -> volume.list(file));
    assertFails(Errno.ENOTDIR, file, () -> volume.syncDirectory(file));
    assertFails(Errno.ENOTDIR, file, () -> volume.removeDirectory(file));
    assertFails(Errno.ENOTDIR, file, () -> volume.createUnnamed(file));
  }

  @Test
  void statusTellsKindLengthAndIdentity() throws IOException {
    Path file = make("file", 1234);
    ground.setPermissions(file, 0640);
    FileStatus status = volume.status(file);

    assertThat(status.kind()).isEqualTo(FileKind.REGULAR);
    assertThat(status.sizeBytes()).isEqualTo(1234);
    assertThat(status.permissions()).isEqualTo(0640);
    try (BlockFile open = volume.open(file, OpenOptions.reading())) {
      assertThat(status.identity()).isEqualTo(open.identity());
    }
    assertThat(volume.status(directory).kind()).isEqualTo(FileKind.DIRECTORY);
    assertThat(volume.linkStatus(file)).isEqualTo(status);
  }

  @Test
  void symbolicLinksAreFollowedWhereTheContractSaysSo() throws IOException {
    Path file = make("file", 10);
    Path link = directory.resolve("link");
    ground.makeSymbolicLink(link, Path.of("file"));

    assertThat(volume.status(link)).isEqualTo(volume.status(file));
    assertThat(volume.linkStatus(link).kind()).isEqualTo(FileKind.SYMBOLIC_LINK);
    assertThat(volume.readLink(link)).isEqualTo(Path.of("file"));
    assertThat(volume.realPath(link)).isEqualTo(volume.realPath(file));
    try (BlockFile open = volume.open(link, OpenOptions.reading())) {
      assertThat(open.path()).isEqualTo(link);
      assertThat(open.identity()).isEqualTo(volume.status(file).identity());
    }
    assertFails(
        Errno.ELOOP, link, () -> volume.open(link, OpenOptions.reading().withoutFollowingLinks()));
    assertFails(Errno.EINVAL, file, () -> volume.readLink(file));
    volume.unlink(link);
    assertThat(volume.exists(file)).isTrue();
  }

  @Test
  void aDanglingLinkIsMissingUntilItIsWrittenThrough() throws IOException {
    Path link = directory.resolve("link");
    ground.makeSymbolicLink(link, Path.of("target"));

    assertThat(volume.exists(link)).isFalse();
    assertThatThrownBy(() -> volume.open(link, OpenOptions.reading()))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> volume.open(link, OpenOptions.creatingNew()))
        .isInstanceOf(FileAlreadyExistsException.class);
    volume.open(link, OpenOptions.creatingIfMissing()).close();
    assertThat(volume.exists(directory.resolve("target"))).isTrue();
  }

  @Test
  void aCircleOfLinksIsAnErrorAndNotAMissingFile() throws IOException {
    Path one = directory.resolve("one");
    ground.makeSymbolicLink(one, Path.of("two"));
    ground.makeSymbolicLink(directory.resolve("two"), Path.of("one"));

    assertFails(Errno.ELOOP, one, () -> volume.exists(one));
    assertFails(Errno.ELOOP, one, () -> volume.open(one, OpenOptions.reading()));
  }

  @Test
  void realPathHasNoDotsAndNoLinks() throws IOException {
    Path inner = directory.resolve("inner");
    volume.createDirectory(inner);
    make("inner/file", 1);
    ground.makeSymbolicLink(directory.resolve("way"), Path.of("inner"));

    assertThat(volume.realPath(directory.resolve("way/.././way/file")))
        .isEqualTo(volume.realPath(directory).resolve("inner/file"));
  }

  @Test
  void renameReplacesOnlyWhenAskedTo() throws IOException {
    Path one = make("one", 1);
    Path two = make("two", 2);

    assertThatThrownBy(() -> volume.rename(one, two, RenameMode.NO_REPLACE))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(two + ": File exists");
    assertThat(sizeOf(one)).isEqualTo(1);
    assertThat(sizeOf(two)).isEqualTo(2);

    volume.rename(one, two, RenameMode.REPLACE);
    assertThat(volume.list(directory)).containsExactly("two");
    assertThat(sizeOf(two)).isEqualTo(1);

    volume.rename(two, one, RenameMode.NO_REPLACE);
    assertThat(volume.list(directory)).containsExactly("one");
  }

  @Test
  void twoNamesCanBeExchanged() throws IOException {
    Path one = make("one", 1);
    Path two = make("two", 2);

    volume.rename(one, two, RenameMode.EXCHANGE);

    assertThat(sizeOf(one)).isEqualTo(2);
    assertThat(sizeOf(two)).isEqualTo(1);
    assertThat(volume.list(directory)).containsExactly("one", "two");
    assertThatThrownBy(() -> volume.rename(one, directory.resolve("missing"), RenameMode.EXCHANGE))
        .isInstanceOf(NoSuchFileException.class);
    assertThat(volume.list(directory)).containsExactly("one", "two");
  }

  @Test
  void directoriesAreRenamedWithAllBelowThem() throws IOException {
    Path old = directory.resolve("old");
    volume.createDirectory(old);
    make("old/file", 5);
    Path used = directory.resolve("used");
    volume.createDirectory(used);

    assertThatThrownBy(() -> volume.rename(old, used, RenameMode.NO_REPLACE))
        .isInstanceOf(FileAlreadyExistsException.class);
    volume.rename(old, directory.resolve("new"), RenameMode.NO_REPLACE);
    assertThat(sizeOf(directory.resolve("new/file"))).isEqualTo(5);
    volume.rename(directory.resolve("new"), used, RenameMode.REPLACE);
    assertThat(sizeOf(used.resolve("file"))).isEqualTo(5);
    assertThat(volume.list(directory)).containsExactly("used");
  }

  @Test
  void aFurtherNameIsTheSameFile() throws IOException {
    Path one = make("one", 1);
    Path two = directory.resolve("two");
    volume.link(one, two);

    assertThat(volume.status(two)).isEqualTo(volume.status(one));
    assertThatThrownBy(() -> volume.link(one, two))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(two + ": File exists");
    volume.unlink(one);
    assertThat(sizeOf(two)).isEqualTo(1);
  }

  @Test
  void directoriesAreMadeListedAndRemoved() throws IOException {
    Path inner = directory.resolve("inner");
    volume.createDirectory(inner);
    assertThatThrownBy(() -> volume.createDirectory(inner))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessage(inner + ": File exists");
    for (String name : new String[] {"b", "a", "c", ".hidden"}) {
      make("inner/" + name, 1);
    }

    assertThat(volume.list(inner)).containsExactly(".hidden", "a", "b", "c");
    assertThatThrownBy(() -> volume.removeDirectory(inner))
        .isInstanceOf(DirectoryNotEmptyException.class);
    assertFails(Errno.EISDIR, inner, () -> volume.unlink(inner));
    for (String name : volume.list(inner)) {
      volume.unlink(inner.resolve(name));
    }
    volume.removeDirectory(inner);
    assertThat(volume.list(directory)).isEmpty();
  }

  @Test
  void aDirectoryMayHoldThousandsOfNames() throws IOException {
    for (int i = 0; i < 3000; i++) {
      make("name-of-a-file-" + i, 0);
    }
    assertThat(volume.list(directory)).hasSize(3000).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void namesMayBeLongAndOfAnyAlphabet() throws IOException {
    String longest = "ü".repeat(127) + "x";
    Path path = make(longest, 3);
    make("日本語 disk.qcow2", 4);

    assertThat(volume.list(directory)).containsExactlyInAnyOrder(longest, "日本語 disk.qcow2");
    assertThat(sizeOf(path)).isEqualTo(3);
    assertThat(volume.realPath(path).getFileName()).isEqualTo(Path.of(longest));
    Path tooLong = directory.resolve("x".repeat(256));
    assertFails(Errno.ENAMETOOLONG, tooLong, () -> volume.open(tooLong, OpenOptions.creatingNew()));
  }

  @Test
  void aFileWithoutANameCanBeNamedOnce() throws IOException {
    BlockFile unnamed = volume.createUnnamed(directory);
    if (unnamed == null) {
      // The provider or this file system cannot: the caller has another way.
      assertThat(volume.list(directory)).isEmpty();
      return;
    }
    assertThat(volume.provider().capabilities()).contains(Capability.UNNAMED_FILES);
    Path name = directory.resolve("name");
    try (unnamed) {
      Bytes.write(unnamed, Bytes.random(77, 1), 0);
      assertThat(volume.list(directory)).isEmpty();
      Path taken = make("taken", 1);
      assertThatThrownBy(() -> volume.linkUnnamed(unnamed, taken))
          .isInstanceOf(FileAlreadyExistsException.class)
          .hasMessage(taken + ": File exists");
      volume.linkUnnamed(unnamed, name);
      assertThat(volume.status(name).identity()).isEqualTo(unnamed.identity());
    }
    assertThat(sizeOf(name)).isEqualTo(77);
  }

  @Test
  void permissionsAreCopied() throws IOException {
    Path from = make("from", 1);
    ground.setPermissions(from, 0604);
    Path to = make("to", 1);
    try (BlockFile file = volume.open(to, OpenOptions.writing())) {
      volume.copyPermissions(from, file);
    }
    assertThat(volume.status(to).permissions()).isEqualTo(0604);
  }

  @Test
  void permissionsOfFilesAndDirectoriesAreSetWhateverTheUmaskIs() throws IOException {
    Path file = make("file", 1);
    Path folder = directory.resolve("folder");
    volume.createDirectory(folder);
    volume.setPermissions(file, 0606);
    volume.setPermissions(folder, 0700);
    assertThat(volume.status(file).permissions()).isEqualTo(0606);
    assertThat(volume.status(folder).permissions()).isEqualTo(0700);
    assertThatThrownBy(() -> volume.setPermissions(directory.resolve("none"), 0600))
        .isInstanceOf(NoSuchFileException.class);
  }
}
