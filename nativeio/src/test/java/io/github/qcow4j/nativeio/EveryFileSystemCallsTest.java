package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The calls that only a real file system can answer, through each provider on each of them. */
final class EveryFileSystemCallsTest {

  private static final int MIB = 1 << 20;

  /** Those that know {@code FIFREEZE}. */
  private static final List<Kind> FREEZING = List.of(Kind.EXT4, Kind.XFS, Kind.BTRFS);

  private static final Map<String, List<String>> ANSWERS =
      Collections.synchronizedMap(new TreeMap<>());

  static List<EveryFileSystem> all() {
    return EveryFileSystem.all();
  }

  @AfterAll
  static void print() {
    System.out.println(
        "contracts run through "
            + EveryFileSystem.PROVIDERS
            + " on "
            + List.of(Kind.values())
            + ": "
            + EveryFileSystem.all().size()
            + " pairs");
    ANSWERS.forEach((what, where) -> System.out.println(what + ": " + where));
    assertThat(EveryFileSystem.all()).hasSize(15);
  }

  private static void note(String what, EveryFileSystem where, boolean yes) {
    if (yes) {
      ANSWERS
          .computeIfAbsent(what, any -> Collections.synchronizedList(new ArrayList<>()))
          .add(where.provider() + " on " + where.kind());
    }
  }

  private static BlockFile make(Volume volume, Path path, int length) throws IOException {
    BlockFile file = volume.open(path, OpenOptions.creatingNew());
    Bytes.write(file, Bytes.random(length, 1), 0);
    file.syncAll();
    return file;
  }

  @ParameterizedTest
  @MethodSource("all")
  void blocksLastWhereTheyAreWrittenInPlace(EveryFileSystem where) throws IOException {
    Volume volume = HostGround.provider(where.provider());
    Path directory = LoopFileSystem.shared(where.kind()).newDirectory();
    boolean lasting = where.kind() != Kind.BTRFS && where.kind() != Kind.OVERLAY;
    assertThat(volume.lastingBlockBytes(directory)).isEqualTo(lasting ? 4096 : 0);
    assertThat(Volumes.unsynced(volume).lastingBlockBytes(directory))
        .isEqualTo(volume.lastingBlockBytes(directory));
    assertThatThrownBy(() -> volume.lastingBlockBytes(directory.resolve("missing")))
        .isInstanceOf(NoSuchFileException.class);
    note("blocks that last", where, lasting);
  }

  @Test
  void smallBlocksAreTold() throws IOException {
    try (LoopFileSystem small = LoopFileSystem.mount(Kind.EXT4, 48L << 20)) {
      for (String provider : EveryFileSystem.PROVIDERS) {
        assertThat(HostGround.provider(provider).lastingBlockBytes(small.mountPoint()))
            .isEqualTo(1024);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void aFileSystemIsSyncedFrozenAndThawedOrTheResultSaysThatItIsNot(EveryFileSystem where)
      throws IOException {
    boolean linux = !where.provider().equals("portable");
    Volume volume = HostGround.provider(where.provider());
    try (LoopFileSystem own = LoopFileSystem.mount(where.kind(), 512L << 20)) {
      Path directory = own.newDirectory();
      make(volume, directory.resolve("file"), MIB).close();

      assertThat(volume.syncFileSystem(directory)).isEqualTo(linux);
      boolean frozen = volume.freeze(own.mountPoint());
      if (frozen) {
        assertThatThrownBy(() -> volume.freeze(own.mountPoint()))
            .hasMessageContaining("Device or resource busy");
        assertThat(volume.thaw(own.mountPoint())).isTrue();
        assertThatThrownBy(() -> volume.thaw(own.mountPoint()))
            .hasMessageContaining("Invalid argument");
      }
      assertThat(frozen).isEqualTo(linux && FREEZING.contains(where.kind()));
      volume.unlink(directory.resolve("file"));
      note("FIFREEZE", where, frozen);
      note("syncfs", where, linux);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void statusIsWhatTheKernelSays(EveryFileSystem where) throws IOException {
    Ground ground = where.ground();
    Path path = ground.directory().resolve("file");
    try (BlockFile file = ground.volume().open(path, OpenOptions.creatingNew())) {
      file.truncate(8L * MIB);
      Bytes.write(file, Bytes.random(4096, 1), MIB);
      file.syncAll();
      ground.setPermissions(path, 0640);

      FileStatus status = ground.volume().status(path);
      Map<String, Object> kernels = Files.readAttributes(path, "unix:ino,dev,mode,size");
      assertThat(status.identity())
          .isEqualTo(new FileIdentity((long) kernels.get("dev"), (long) kernels.get("ino")))
          .isEqualTo(file.identity());
      assertThat(status.permissions()).isEqualTo((int) kernels.get("mode") & 07777);
      assertThat(status.sizeBytes()).isEqualTo(kernels.get("size"));
      boolean told = ground.volume().provider().capabilities().contains(Capability.ALLOCATED_SIZE);
      if (told) {
        assertThat(file.allocatedSize()).isBetween(1L, (long) MIB);
      } else {
        assertThat(file.allocatedSize()).isEqualTo(8L * MIB);
      }
      note("statx tells storage", where, told);
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void directAccessPassesTheCacheByWhereItCanBeHad(EveryFileSystem where) throws IOException {
    Ground ground = where.ground();
    Volume volume = ground.volume();
    Path path = ground.directory().resolve("file");
    make(volume, path, MIB).close();
    boolean can = volume.provider().capabilities().contains(Capability.DIRECT_IO);
    boolean passed = false;
    try (BlockFile direct = volume.open(path, OpenOptions.writing().withDirectIo(true))) {
      assertThat(Bytes.read(direct, 0, MIB)).isEqualTo(Bytes.random(MIB, 1));
      Bytes.write(direct, Bytes.random(8192, 2), 4096);
      ByteBuffer odd = ByteBuffer.allocateDirect(8193).position(1).slice();
      direct.read(odd, 4096);
      assertThat(odd.flip()).isEqualTo(ByteBuffer.wrap(Bytes.random(8192, 2)));
      if (direct.alignment() > 1) {
        try {
          Bytes.write(direct, new byte[10], 1);
        } catch (SystemCallException e) {
          assertThat(e.errno()).isEqualTo(Errno.EINVAL.number());
          passed = true;
        }
      }
    } catch (SystemCallException e) {
      assertThat(e.errno()).isEqualTo(Errno.EINVAL.number());
    }
    // Btrfs takes what is not aligned through the cache, and memory has nothing else.
    assertThat(passed).isEqualTo(can && List.of(Kind.EXT4, Kind.XFS).contains(where.kind()));
    note("O_DIRECT wants alignment", where, passed);
  }

  @ParameterizedTest
  @MethodSource("all")
  void adviceIsTakenOrLeftAndChangesNothing(EveryFileSystem where) throws IOException {
    Ground ground = where.ground();
    try (BlockFile file = make(ground.volume(), ground.directory().resolve("file"), MIB)) {
      for (AccessPattern pattern : AccessPattern.values()) {
        file.advise(pattern, 0, MIB);
        assertThat(Bytes.read(file, 0, MIB)).isEqualTo(Bytes.random(MIB, 1));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void whatIsSharedPunchedAndReservedIsToldTruly(EveryFileSystem where) throws IOException {
    Ground ground = where.ground();
    try (BlockFile source = make(ground.volume(), ground.directory().resolve("source"), MIB);
        BlockFile target = make(ground.volume(), ground.directory().resolve("target"), MIB)) {
      note("FICLONE", where, target.cloneFrom(source));
      CopyResult copied = target.copyRange(source, 0, 0, MIB);
      note("FICLONERANGE", where, copied.reflinkBytes() > 0);
      note("copy_file_range", where, copied.kernelCopyBytes() > 0);
      boolean punched = target.punchHole(0, 65536);
      note("PUNCH_HOLE", where, punched);
      note("ZERO_RANGE", where, target.writeZeroes(65536, 65536, false) == ZeroMethod.ZERO_RANGE);
      note("reserving", where, target.preallocate(0, 2L * MIB));
      byte[] expected = Bytes.random(MIB, 1);
      Arrays.fill(expected, punched ? 0 : 65536, 131072, (byte) 0);
      assertThat(Bytes.read(target, 0, MIB)).isEqualTo(expected);
      BlockFile unnamed = ground.volume().createUnnamed(ground.directory());
      note("O_TMPFILE", where, unnamed != null);
      if (unnamed != null) {
        unnamed.close();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void theBestWayOfSwitchingIsTaken(EveryFileSystem where) throws IOException {
    Ground ground = where.ground();
    List<String> ways = new ArrayList<>();
    for (boolean exchange : new boolean[] {false, true}) {
      Path directory = ground.directory().resolve(exchange ? "exchange" : "fork");
      ground.volume().createDirectory(directory);
      Path live = directory.resolve("live");
      Path fresh = directory.resolve("fresh");
      make(ground.volume(), live, 10).close();
      make(ground.volume(), fresh, 20).close();
      Path old = directory.resolve("old");
      SwitchMethod way =
          exchange
              ? new Exchange(ground.volume(), live, old, fresh).run()
              : new Fork(ground.volume(), live, old, fresh).run();
      ways.add(way.name());
    }
    boolean flags = ground.volume().provider().capabilities().contains(Capability.RENAME_FLAGS);
    assertThat(ways).containsExactly("LINK", flags ? "EXCHANGE" : "LINK");
    note("ways of fork and exchange " + String.join(", ", ways), where, true);
  }
}
