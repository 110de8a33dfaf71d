package io.github.qcow4j.nativeio.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.AccessPattern;
import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Exchange;
import io.github.qcow4j.nativeio.Fork;
import io.github.qcow4j.nativeio.HostGround;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.SwitchMethod;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.ZeroMethod;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One call at a time that an old kernel, a sandbox or a file system refuses: the next way is taken,
 * the result says so, and what will be refused again is not asked for again on that file system. As
 * long as it is because each call has its own way to be refused, and all are to be seen at once.
 */
final class RefusalTest {

  private static final int LENGTH = 64 << 10;

  @TempDir Path directory;
  @TempDir Path elsewhere;

  private static BlockFile make(Volume volume, Path path) throws IOException {
    BlockFile file = volume.open(path, OpenOptions.creatingNew());
    Bytes.write(file, Bytes.random(LENGTH, 1), 0);
    return file;
  }

  private static Predicate<Object[]> third(int value) {
    return arguments -> arguments[2].equals(value);
  }

  /** {@code FALLOC_FL_…} of {@code fallocate(2)}. */
  private static Predicate<Object[]> mode(int mode) {
    return arguments -> arguments[1].equals(mode);
  }

  /** The kernel tells of lost data once, and would let the next sync succeed. */
  @ParameterizedTest
  @ValueSource(strings = {"fdatasync", "fsync"})
  void aFailedSyncIsNotFollowedByOneThatSucceeds(String call) throws IOException {
    Volume volume = RefusingKernel.of(call, Errno.EIO).volume();
    try (BlockFile file = make(volume, directory.resolve("file"))) {
      assertThatThrownBy(call.equals("fsync") ? file::syncAll : file::sync)
          .hasMessageContaining("Input/output error");
      assertThatThrownBy(file::sync)
          .isInstanceOfSatisfying(
              SystemCallException.class,
              failure -> assertThat(failure.errno()).isEqualTo(Errno.EIO.number()));
      assertThatThrownBy(file::syncAll).hasMessageContaining("Input/output error");
    }
  }

  /** A sandbox from before a call says EPERM to it, as container runtimes did of several. */
  @Test
  void aSandboxThatKnowsNeitherSharingNorCopyingIsNoObstacle() throws IOException {
    for (String call : new String[] {"ioctl", "copyFileRange"}) {
      Volume volume = RefusingKernel.of(call, Errno.EPERM).volume();
      try (BlockFile source = make(volume, directory.resolve(call + "-source"));
          BlockFile target = make(volume, directory.resolve(call + "-target"))) {
        Bytes.write(source, Bytes.random(LENGTH, 2), 0);
        assertThat(target.copyRange(source, 0, 0, LENGTH).totalBytes()).isEqualTo(LENGTH);
        assertThat(Bytes.read(target, 0, LENGTH)).isEqualTo(Bytes.random(LENGTH, 2));
      }
    }
  }

  /** Of ext4: a file without extents, whose storage cannot be reserved, beside one with them. */
  @Test
  void whatOneFileCannotAnotherOfTheSameFileSystemMay() throws Exception {
    Volume volume = HostGround.provider("panama");
    Path real = LoopFileSystem.shared(LoopFileSystem.Kind.EXT4).newDirectory();
    try (BlockFile poor = volume.open(real.resolve("poor"), OpenOptions.creatingNew());
        BlockFile rich = volume.open(real.resolve("rich"), OpenOptions.creatingNew())) {
      int changed =
          new ProcessBuilder("chattr", "-e", poor.path().toString()).inheritIO().start().waitFor();
      assertThat(changed).isZero();
      Bytes.write(poor, Bytes.random(LENGTH, 1), 0);
      Bytes.write(rich, Bytes.random(LENGTH, 1), 0);

      assertThat(poor.preallocate(0, 1 << 20)).isFalse();
      assertThat(poor.reserve(0, 1 << 20)).isFalse();
      assertThat(poor.writeZeroes(0, 4096, false)).isEqualTo(ZeroMethod.WRITTEN);
      assertThat(rich.writeZeroes(0, 4096, false)).isEqualTo(ZeroMethod.ZERO_RANGE);
      assertThat(rich.reserve(0, 1 << 20)).isTrue();
      assertThat(rich.preallocate(0, 1 << 20)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "ENOTTY", "ENOSYS", "EXDEV"})
  void whereStorageIsNotSharedTheKernelCopiesAndIsNotAskedAgain(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("ioctl", errno);
    Volume volume = kernel.volume();
    try (BlockFile source = make(volume, directory.resolve("source"));
        BlockFile target = make(volume, directory.resolve("target"))) {
      assertThat(target.copyRange(source, 0, 0, LENGTH)).isEqualTo(new CopyResult(0, LENGTH, 0));
      assertThat(target.cloneFrom(source)).isFalse();
      assertThat(target.cloneRange(source, 0, 0, 4096)).isFalse();
    }
    assertThat(kernel.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EINVAL", "ETXTBSY"})
  void whereOneRangeIsNotSharedTheNextIsTried(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("ioctl", errno);
    Volume volume = kernel.volume();
    try (BlockFile source = make(volume, directory.resolve("source"));
        BlockFile target = make(volume, directory.resolve("target"))) {
      assertThat(target.cloneRange(source, 0, 0, 4096)).isFalse();
      assertThat(target.cloneRange(source, 4096, 4096, 4096)).isFalse();
    }
    assertThat(kernel.asked()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"ENOSYS", "EOPNOTSUPP"})
  void whatOneFileSystemRefusesIsAskedOfTheNext(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("fallocate", errno);
    Volume volume = kernel.volume();
    Path other = LoopFileSystem.shared(LoopFileSystem.Kind.TMPFS).newDirectory();
    for (Path each : new Path[] {directory, other}) {
      try (BlockFile one = make(volume, each.resolve("one"));
          BlockFile two = make(volume, each.resolve("two"))) {
        for (int round = 0; round < 2; round++) {
          assertThat(one.punchHole(0, 4096)).isFalse();
          assertThat(two.punchHole(0, 4096)).isFalse();
        }
      }
    }
    // What is not supported may be so for the one file alone.
    assertThat(kernel.asked()).isEqualTo(errno == Errno.ENOSYS ? 2 : 4);
  }

  @ParameterizedTest
  @EnumSource(names = {"ENOSYS", "EOPNOTSUPP", "EXDEV"})
  void whatTheKernelDoesNotCopyIsReadAndWritten(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("copyFileRange", errno);
    Volume volume = kernel.volume();
    try (BlockFile source = make(volume, directory.resolve("source"));
        BlockFile target = make(volume, directory.resolve("target"))) {
      for (int round = 0; round < 2; round++) {
        assertThat(target.copyRange(source, 10, 1, 9000)).isEqualTo(new CopyResult(0, 0, 9000));
      }
      assertThat(Bytes.read(target, 1, 9000))
          .isEqualTo(Arrays.copyOfRange(Bytes.random(LENGTH, 1), 10, 9010));
    }
    assertThat(kernel.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "ENOSYS"})
  void whereHolesAreNotPunchedRangesAreZeroed(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("fallocate", mode(3), errno);
    Volume volume = kernel.volume();
    try (BlockFile file = make(volume, directory.resolve("file"))) {
      assertThat(file.punchHole(0, 4096)).isFalse();
      assertThat(file.writeZeroes(0, 4096, true)).isEqualTo(ZeroMethod.ZERO_RANGE);
      assertThat(file.preallocate(LENGTH, 4096)).isTrue();
      assertThat(Bytes.read(file, 0, 4096)).containsOnly(0);
    }
    assertThat(kernel.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "ENOSYS", "EINVAL"})
  void whereRangesAreNotZeroedZerosAreWritten(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("fallocate", mode(0x10), errno);
    Volume volume = kernel.volume();
    try (BlockFile file = make(volume, directory.resolve("file"))) {
      assertThat(file.writeZeroes(0, 4096, false)).isEqualTo(ZeroMethod.WRITTEN);
      assertThat(file.writeZeroes(8192, 4096, false)).isEqualTo(ZeroMethod.WRITTEN);
      assertThat(file.writeZeroes(LENGTH, 4096, true)).isEqualTo(ZeroMethod.HOLE);
      assertThat(file.size()).isEqualTo(LENGTH + 4096);
      assertThat(Bytes.read(file, 0, 4096)).containsOnly(0);
    }
    // What may be this range's fault alone is asked again.
    assertThat(kernel.asked()).isEqualTo(errno == Errno.EINVAL ? 3 : 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "ENOSYS"})
  void whereNothingIsReservedTheResultSaysSo(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("fallocate", mode(0), errno);
    Volume volume = kernel.volume();
    try (BlockFile file = make(volume, directory.resolve("file"))) {
      assertThat(file.preallocate(0, 1 << 20)).isFalse();
      assertThat(file.preallocate(0, 1 << 20)).isFalse();
      assertThat(file.reserve(0, 1 << 20)).isFalse();
      assertThat(file.size()).isEqualTo(LENGTH);
    }
    assertThat(kernel.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "EINVAL"})
  void whereHolesAreNotToldAllIsData(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("lseek", arguments -> (int) arguments[2] >= 3, errno);
    Volume volume = kernel.volume();
    try (BlockFile file = volume.open(directory.resolve("file"), OpenOptions.creatingNew())) {
      file.truncate(LENGTH);
      assertThat(file.nextData(5)).isEqualTo(5);
      assertThat(file.nextHole(5)).isEqualTo(LENGTH);
      assertThat(file.nextData(LENGTH)).isEqualTo(-1);
    }
    assertThat(kernel.asked()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"EINVAL", "ENOSYS"})
  void whereNamesAreNotRenamedUnlessTakenTheyAreLinked(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("renameat2", third(1), errno).volume();
    Path one = directory.resolve("one");
    Path two = directory.resolve("two");
    make(volume, one).close();
    make(volume, two).close();

    assertThatThrownBy(() -> volume.rename(one, two, RenameMode.NO_REPLACE))
        .isInstanceOf(FileAlreadyExistsException.class);
    volume.rename(one, directory.resolve("three"), RenameMode.NO_REPLACE);
    assertThat(volume.list(directory)).containsExactly("three", "two");
  }

  @Test
  void aKernelWithoutRenameat2StillRenamesInOneStep() throws IOException {
    RefusingKernel kernel = RefusingKernel.of("renameat2", Errno.ENOSYS);
    Volume volume = kernel.volume();
    make(volume, directory.resolve("one")).close();
    make(volume, directory.resolve("two")).close();

    volume.rename(directory.resolve("one"), directory.resolve("two"), RenameMode.REPLACE);
    assertThat(volume.list(directory)).containsExactly("two");
    assertThatThrownBy(() ->
            volume.rename(directory.resolve("missing"), directory.resolve("x"), RenameMode.REPLACE))
        .hasMessageContaining("No such file or directory");
    assertThat(kernel.asked()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"EINVAL", "ENOSYS", "EOPNOTSUPP"})
  void whereNamesAreNotExchangedADiskIsRestoredByALink(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("renameat2", third(2), errno).volume();
    Path live = directory.resolve("live");
    Path fresh = directory.resolve("fresh");
    make(volume, live).close();
    make(volume, fresh).close();

    assertThatThrownBy(() -> volume.rename(live, fresh, RenameMode.EXCHANGE))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(errno.number()));
    SwitchMethod way = new Exchange(volume, live, directory.resolve("kept"), fresh).run();
    assertThat(way).isEqualTo(SwitchMethod.LINK);
    assertThat(volume.list(directory)).containsExactly("kept", "live");
  }

  @ParameterizedTest
  @EnumSource(names = {"EPERM", "EOPNOTSUPP", "ENOSYS", "EMLINK"})
  void whereFilesHaveOneNameADiskIsFrozenByTwoRenames(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("linkat", errno).volume();
    Path live = directory.resolve("live");
    Path child = directory.resolve("child");
    make(volume, live).close();
    make(volume, child).close();

    SwitchMethod way = new Fork(volume, live, directory.resolve("frozen"), child).run();
    assertThat(way).isEqualTo(SwitchMethod.TWO_RENAMES);
    assertThat(volume.list(directory)).containsExactly("frozen", "live");
  }

  @ParameterizedTest
  @EnumSource(names = {"EOPNOTSUPP", "EISDIR", "EINVAL"})
  void whereFilesNeedANameATemporaryOneServes(Errno errno) throws IOException {
    Predicate<Object[]> unnamed = arguments -> ((int) arguments[1] & 020000000) != 0;
    Volume volume = RefusingKernel.of("open", unnamed, errno).volume();
    assertThat(volume.createUnnamed(directory)).isNull();
    try (AtomicFile file = AtomicFile.create(volume, directory.resolve("file"))) {
      assertThat(volume.list(directory)).hasSize(1);
      file.publish(RenameMode.NO_REPLACE);
    }
    assertThat(volume.list(directory)).containsExactly("file");
  }

  /** Without /proc, or by a sandbox that knows the one call and not the other. */
  @ParameterizedTest
  @EnumSource(names = {"EPERM", "ENOENT", "EOPNOTSUPP", "ENOSYS", "EACCES", "EXDEV"})
  void aFileThatGetsNoNameAfterAllIsCopiedIntoOneThatHasOne(Errno errno) throws IOException {
    RefusingKernel kernel = RefusingKernel.of("linkat", third(0x400), errno);
    Volume volume = kernel.volume();
    try (BlockFile _ = make(volume, elsewhere.resolve("open all the while"))) {
      for (RenameMode mode : new RenameMode[] {RenameMode.NO_REPLACE, RenameMode.REPLACE}) {
        publishSparse(volume, mode);
      }
      boolean forGood = errno == Errno.EPERM || errno == Errno.EOPNOTSUPP || errno == Errno.ENOSYS;
      assertThat(kernel.asked()).isEqualTo(forGood ? 1 : 2);
      try (BlockFile unnamed = volume.createUnnamed(directory)) {
        assertThat(unnamed == null).isEqualTo(forGood);
      }
    }
  }

  private void publishSparse(Volume volume, RenameMode mode) throws IOException {
    try (AtomicFile file = AtomicFile.create(volume, directory.resolve("file"))) {
      file.file().truncate(4L * LENGTH);
      Bytes.write(file.file(), Bytes.random(LENGTH, mode.name().length()), LENGTH);
      file.publish(mode);
      assertThat(file.published()).isTrue();
    }
    assertThat(volume.list(directory)).containsExactly("file");
    try (BlockFile file = volume.open(directory.resolve("file"), OpenOptions.reading())) {
      assertThat(file.size()).isEqualTo(4L * LENGTH);
      assertThat(Bytes.read(file, LENGTH, LENGTH))
          .isEqualTo(Bytes.random(LENGTH, mode.name().length()));
      assertThat(file.nextData(2L * LENGTH)).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EPERM", "ENOENT", "EOPNOTSUPP"})
  void aDiskIsFrozenUnderAChildThatGetsNoNameAfterAll(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("linkat", third(0x400), errno).volume();
    Path live = directory.resolve("live");
    make(volume, live).close();

    Fork fork = new Fork(volume, live, directory.resolve("frozen"), directory.resolve("child"));
    try (BlockFile child = fork.createChild()) {
      Bytes.write(child, Bytes.random(LENGTH, 3), 0);
      fork.run(child);
    }
    assertThat(volume.list(directory)).containsExactly("frozen", "live");
    try (BlockFile file = volume.open(live, OpenOptions.reading())) {
      assertThat(Bytes.read(file, 0, LENGTH)).isEqualTo(Bytes.random(LENGTH, 3));
    }
  }

  /** A storage that fails is no refusal: nothing is tried that would hide it. */
  @ParameterizedTest
  @EnumSource(names = {"EIO", "ENOSPC", "EROFS", "EDQUOT"})
  void aFailureToNameAFileIsNoRefusal(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("linkat", third(0x400), errno).volume();
    try (AtomicFile file = AtomicFile.create(volume, directory.resolve("file"))) {
      assertThatThrownBy(() -> file.publish(RenameMode.REPLACE))
          .isInstanceOfSatisfying(
              SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(errno.number()));
    }
    assertThat(volume.list(directory)).isEmpty();
  }

  @Test
  void aFileSystemThatCannotBeSyncedFrozenOrThawedSaysSo() throws IOException {
    assertThat(RefusingKernel.of("syncfs", Errno.ENOSYS).volume().syncFileSystem(directory))
        .isFalse();
    assertThat(RefusingKernel.of("statfs", Errno.ENOSYS).volume().lastingBlockBytes(directory))
        .isZero();
    for (Errno errno : new Errno[] {Errno.EOPNOTSUPP, Errno.ENOTTY}) {
      Volume volume = RefusingKernel.of("ioctl", errno).volume();
      assertThat(volume.freeze(directory)).isFalse();
      assertThat(volume.thaw(directory)).isFalse();
    }
    for (Errno errno : new Errno[] {Errno.EPERM, Errno.EBUSY}) {
      Volume volume = RefusingKernel.of("ioctl", errno).volume();
      assertThatThrownBy(() -> volume.freeze(directory)).hasMessageContaining(errno.text());
      assertThatThrownBy(() -> volume.thaw(directory)).hasMessageContaining(errno.text());
    }
  }

  @Test
  void adviceAndEarlyWritebackAreNotMissed() throws IOException {
    Volume unadvised = RefusingKernel.of("fadvise", Errno.ENOSYS).volume();
    try (BlockFile file = make(unadvised, directory.resolve("one"))) {
      file.advise(AccessPattern.SEQUENTIAL, 0, LENGTH);
    }
    Volume unhurried = RefusingKernel.of("syncFileRange", Errno.ENOSYS).volume();
    try (BlockFile file = make(unhurried, directory.resolve("two"))) {
      assertThat(file.startWriteback(0, LENGTH)).isFalse();
    }
  }

  @Test
  void aDirectoryThatKnowsNoSyncHasNothingToSyncButAFailureIsOne() throws IOException {
    RefusingKernel.of("fsync", Errno.EINVAL).volume().syncDirectory(directory);
    Volume failing = RefusingKernel.of("fsync", Errno.EIO).volume();
    assertThatThrownBy(() -> failing.syncDirectory(directory))
        .hasMessage(directory + ": Input/output error");
  }

  @ParameterizedTest
  @EnumSource(names = {"EIO", "ENOSPC", "EPERM"})
  void whatIsNoRefusalIsAnError(Errno errno) throws IOException {
    Volume volume = RefusingKernel.of("fallocate", errno).volume();
    try (BlockFile file = make(volume, directory.resolve("file"))) {
      assertThatThrownBy(() -> file.punchHole(0, 4096)).hasMessageContaining(errno.text());
      assertThatThrownBy(() -> file.preallocate(0, 4096)).hasMessageContaining(errno.text());
    }
  }

  /** Each of the calls that not every kernel and sandbox has, missing; all that is done is done. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "fallocate",
        "ioctl",
        "copyFileRange",
        "fadvise",
        "syncFileRange",
        "syncfs",
        "renameat2",
        "linkat"
      })
  void withoutOneCallEverythingIsDoneInTheNextWay(String call) throws IOException {
    RefusingKernel kernel = RefusingKernel.of(call, Errno.ENOSYS);
    Volume volume = kernel.volume();
    Path live = directory.resolve("live");
    make(volume, live).close();
    Path child = directory.resolve("child");
    byte[] expected = Bytes.random(LENGTH, 1);
    Arrays.fill(expected, 0, 8192, (byte) 0);
    try (BlockFile source = volume.open(live, OpenOptions.reading());
        BlockFile target = volume.open(child, OpenOptions.creatingNew())) {
      source.advise(AccessPattern.SEQUENTIAL, 0, 0);
      if (!target.cloneFrom(source)) {
        assertThat(target.copyRange(source, 0, 0, LENGTH).totalBytes()).isEqualTo(LENGTH);
      }
      target.writeZeroes(0, 4096, true);
      target.writeZeroes(4096, 4096, false);
      target.reserve(LENGTH, LENGTH);
      target.startWriteback(0, LENGTH);
      assertThat(target.nextData(0)).isBetween(0L, 8192L);
      target.syncAll();
      assertThat(Bytes.read(target, 0, 2 * LENGTH)).isEqualTo(expected);
    }
    volume.syncFileSystem(directory);
    new Fork(volume, live, directory.resolve("frozen"), child).run();
    volume.rename(directory.resolve("frozen"), child, RenameMode.NO_REPLACE);
    new Exchange(volume, child, directory.resolve("kept"), live).run();

    assertThat(volume.list(directory)).containsExactly("child", "kept");
    try (BlockFile file = volume.open(child, OpenOptions.reading())) {
      assertThat(Bytes.read(file, 0, 2 * LENGTH)).isEqualTo(expected);
    }
    assertThat(kernel.asked()).isPositive();
  }

  @Test
  void aKernelWithoutStatxIsNoneForThisProvider() {
    assertThatThrownBy(() -> RefusingKernel.of("statx", Errno.ENOSYS).volume())
        .isInstanceOf(SystemCallException.class)
        .hasMessageContaining("Function not implemented");
  }
}
