package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link AtomicFile} does on every volume. */
public abstract class AtomicFileContract {

  protected Ground ground;
  protected Volume volume;
  protected Path directory;
  protected Path target;

  /** A ground for one test. */
  protected abstract Ground ground() throws IOException;

  @BeforeEach
  void takeGround() throws IOException {
    ground = ground();
    volume = ground.volume();
    directory = ground.directory();
    target = directory.resolve("target.qcow2");
  }

  private void make(Path path, int length) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      Bytes.write(file, new byte[length], 0);
    }
  }

  private void publish(Path path, int length, RenameMode mode) throws IOException {
    try (AtomicFile atomic = AtomicFile.create(volume, path)) {
      Bytes.write(atomic.file(), new byte[length], 0);
      atomic.publish(mode);
      assertThat(atomic.published()).isTrue();
    }
  }

  @Test
  void aNewFileAppearsWhenPublished() throws IOException {
    for (RenameMode mode : new RenameMode[] {RenameMode.REPLACE, RenameMode.NO_REPLACE}) {
      Path path = directory.resolve(mode.name());
      try (AtomicFile atomic = AtomicFile.create(volume, path)) {
        Bytes.write(atomic.file(), new byte[100], 0);
        assertThat(volume.exists(path)).isFalse();
        assertThat(atomic.target()).isEqualTo(path);
        atomic.publish(mode);
        assertThat(volume.status(path).identity()).isEqualTo(atomic.file().identity());
        assertThat(atomic.published()).isTrue();
      }
      assertThat(volume.status(path).sizeBytes()).isEqualTo(100);
    }
    assertThat(volume.list(directory)).containsExactly("NO_REPLACE", "REPLACE");
  }

  @Test
  void aFileThatIsNotPublishedLeavesNothingBehind() throws IOException {
    AtomicFile atomic = AtomicFile.create(volume, target);
    Bytes.write(atomic.file(), new byte[100], 0);
    atomic.close();
    atomic.close();

    assertThat(volume.list(directory)).isEmpty();
    assertThat(atomic.published()).isFalse();
  }

  @Test
  void anOldFileStandsUntilTheNewOneIsPublished() throws IOException {
    make(target, 10);
    AtomicFile.create(volume, target).close();
    assertThat(volume.status(target).sizeBytes()).isEqualTo(10);

    publish(target, 20, RenameMode.REPLACE);
    assertThat(volume.status(target).sizeBytes()).isEqualTo(20);
    assertThat(volume.list(directory)).containsExactly("target.qcow2");
  }

  @Test
  void aTargetThatMustNotExistIsNotReplaced() throws IOException {
    try (AtomicFile atomic = AtomicFile.create(volume, target)) {
      make(target, 10);
      assertThatThrownBy(() -> atomic.publish(RenameMode.NO_REPLACE))
          .isInstanceOf(FileAlreadyExistsException.class)
          .hasMessage(target + ": File exists");
      assertThat(atomic.published()).isFalse();
    }
    assertThat(volume.status(target).sizeBytes()).isEqualTo(10);
    assertThat(volume.list(directory)).containsExactly("target.qcow2");
  }

  @Test
  void aTargetMadeMeanwhileIsReplaced() throws IOException {
    try (AtomicFile atomic = AtomicFile.create(volume, target)) {
      make(target, 10);
      atomic.publish(RenameMode.REPLACE);
    }
    assertThat(volume.status(target).sizeBytes()).isZero();
    assertThat(volume.list(directory)).containsExactly("target.qcow2");
  }

  @Test
  void aLinkStaysAndWhatItLeadsToIsReplaced() throws IOException {
    volume.createDirectory(directory.resolve("inner"));
    Path inner = directory.resolve("inner/real");
    make(inner, 10);
    ground.makeSymbolicLink(directory.resolve("hop"), Path.of("inner/real"));
    ground.makeSymbolicLink(target, Path.of("hop"));

    publish(target, 20, RenameMode.REPLACE);

    assertThat(volume.linkStatus(target).kind()).isEqualTo(FileKind.SYMBOLIC_LINK);
    assertThat(volume.status(inner).sizeBytes()).isEqualTo(20);
    assertThat(volume.list(directory)).containsExactly("hop", "inner", "target.qcow2");
  }

  @Test
  void aDanglingLinkStaysAndGetsItsTarget() throws IOException {
    ground.makeSymbolicLink(target, Path.of("made"));

    publish(target, 20, RenameMode.REPLACE);

    assertThat(volume.linkStatus(target).kind()).isEqualTo(FileKind.SYMBOLIC_LINK);
    assertThat(volume.status(directory.resolve("made")).sizeBytes()).isEqualTo(20);
  }

  @Test
  void aCircleOfLinksIsRefused() throws IOException {
    ground.makeSymbolicLink(target, Path.of("other"));
    ground.makeSymbolicLink(directory.resolve("other"), target.getFileName());

    assertThatThrownBy(() -> AtomicFile.create(volume, target))
        .hasMessage(target + ": Too many levels of symbolic links");
  }

  @Test
  void permissionsOfAReplacedFileAreKept() throws IOException {
    make(target, 10);
    ground.setPermissions(target, 0600);
    publish(target, 20, RenameMode.REPLACE);

    assertThat(volume.status(target).permissions()).isEqualTo(0600);
  }

  @Test
  void aNewFileHasThePermissionsOfAnyNewFile() throws IOException {
    make(directory.resolve("any"), 1);
    publish(target, 20, RenameMode.REPLACE);

    assertThat(volume.status(target).permissions())
        .isEqualTo(volume.status(directory.resolve("any")).permissions());
  }

  @Test
  void whatIsNoRegularFileIsNotReplaced() throws IOException {
    volume.createDirectory(target);
    assertThatThrownBy(() -> AtomicFile.create(volume, target))
        .hasMessage(target + ": Is a directory");
  }

  @Test
  void aVanishedDirectoryIsAnErrorThatLeavesNothing() throws IOException {
    Path inner = directory.resolve("inner");
    assertThatThrownBy(() -> AtomicFile.create(volume, inner.resolve("x")))
        .isInstanceOf(NoSuchFileException.class);
    volume.createDirectory(inner);
    try (AtomicFile atomic = AtomicFile.create(volume, inner.resolve("x"))) {
      for (String name : volume.list(inner)) {
        volume.unlink(inner.resolve(name));
      }
      volume.removeDirectory(inner);
      assertThatThrownBy(() -> atomic.publish(RenameMode.REPLACE))
          .isInstanceOf(NoSuchFileException.class);
      assertThat(atomic.published()).isFalse();
    }
    assertThat(volume.list(directory)).isEmpty();
  }

  @Test
  void theLongestNameCanBePublishedOver() throws IOException {
    Path longest = directory.resolve("ü".repeat(127) + "x");
    publish(longest, 10, RenameMode.NO_REPLACE);
    publish(longest, 20, RenameMode.REPLACE);

    assertThat(volume.status(longest).sizeBytes()).isEqualTo(20);
    assertThat(volume.list(directory)).hasSize(1);
  }

  @Test
  void exchangingAndPublishingTwiceAreProgrammingErrors() throws IOException {
    try (AtomicFile atomic = AtomicFile.create(volume, target)) {
      assertThatThrownBy(() -> atomic.publish(RenameMode.EXCHANGE))
          .isInstanceOf(IllegalArgumentException.class);
      atomic.publish(RenameMode.REPLACE);
      assertThatThrownBy(() -> atomic.publish(RenameMode.REPLACE))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aPublicationIsWithdrawn() throws IOException {
    Path fresh = directory.resolve("fresh");
    make(target, 10);
    boolean keeps = volume.provider().capabilities().contains(ProviderInfo.Capability.RENAME_FLAGS);
    for (Path path : new Path[] {target, fresh}) {
      try (AtomicFile atomic = AtomicFile.create(volume, path)) {
        Bytes.write(atomic.file(), new byte[20], 0);
        int[] asked = {0};
        atomic.publishRevocably(() -> {
          asked[0]++;
          return path.equals(target) ? RenameMode.REPLACE : RenameMode.NO_REPLACE;
        });
        assertThat(volume.status(path).sizeBytes()).isEqualTo(20);
        assertThat(asked[0]).isBetween(1, 2);
        atomic.withdraw();
        atomic.withdraw();
        assertThat(atomic.published()).isEqualTo(path.equals(target) && !keeps);
      }
    }
    assertThat(volume.list(directory)).containsExactly("target.qcow2");
    // Where names cannot be exchanged, what was replaced is gone.
    assertThat(volume.status(target).sizeBytes()).isEqualTo(keeps ? 10 : 20);
  }

  @Test
  void whatAnotherHasPutThereSinceIsNotWithdrawn() throws IOException {
    try (AtomicFile atomic = AtomicFile.create(volume, target)) {
      atomic.publishRevocably(() -> RenameMode.NO_REPLACE);
      volume.unlink(target);
      make(target, 30);
      atomic.withdraw();
    }
    assertThat(volume.status(target).sizeBytes()).isEqualTo(30);
  }

  @Test
  void aFailureToNameTheFileIsAboutTheTarget() throws IOException {
    make(target, 10);
    VolumeCalls noRoom =
        (method, arguments) -> {
          if (method.equals("linkUnnamed")) {
            throw Errno.ENOSPC.exception("linkat", arguments[1].toString());
          } else if (method.equals("rename")) {
            throw Errno.ENOSPC.exception("rename", target.toString());
          }
        };
    try (AtomicFile atomic = AtomicFile.create(noRoom.over(volume), target)) {
      assertThatThrownBy(() -> atomic.publish(RenameMode.REPLACE))
          .hasMessageStartingWith(target.toString())
          .isInstanceOfSatisfying(
              SystemCallException.class,
              e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC.number()));
    }
    assertThat(volume.list(directory)).containsExactly("target.qcow2");
  }
}
