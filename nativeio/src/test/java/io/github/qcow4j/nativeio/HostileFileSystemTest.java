package io.github.qcow4j.nativeio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** File systems that are full or read-only leave what was there, and no name that was not. */
final class HostileFileSystemTest {

  private static final int MIB = 1 << 20;

  /** About as small as each can be made. */
  private static long smallBytes(Kind kind) {
    return switch (kind) {
      case XFS -> 300L * MIB;
      case BTRFS -> 112L * MIB;
      case EXT4, TMPFS, OVERLAY -> 16L * MIB;
    };
  }

  static List<EveryFileSystem> everywhere() {
    return EveryFileSystem.all();
  }

  static List<String> providers() {
    return EveryFileSystem.PROVIDERS;
  }

  /** A small file system of the test's own with one file, {@code live}, that says "old". */
  private record Place(Volume volume, LoopFileSystem own, Path directory) {

    static Place make(EveryFileSystem where) throws IOException {
      LoopFileSystem own = LoopFileSystem.mount(where.kind(), smallBytes(where.kind()));
      Path directory = own.newDirectory();
      Place place = new Place(HostGround.provider(where.provider()), own, directory);
      place.write("live", "old");
      return place;
    }

    Path path(String name) {
      return directory.resolve(name);
    }

    void write(String name, String content) throws IOException {
      try (BlockFile file = volume.open(path(name), OpenOptions.creatingNew())) {
        Bytes.write(file, content.getBytes(UTF_8), 0);
        file.syncAll();
      }
    }

    Fork fork() {
      return new Fork(volume, path("live"), path("frozen"), path("child"));
    }

    Exchange exchange() {
      return new Exchange(volume, path("live"), path("frozen"), path("child"));
    }

    /** Takes all storage that there is. */
    void fill() throws IOException {
      try (BlockFile file =
          volume.open(own.mountPoint().resolve("full"), OpenOptions.creatingNew())) {
        long at = 0;
        for (int step = MIB; step >= 512; step /= 2) {
          byte[] bytes = Bytes.random(step, 1);
          try {
            while (true) {
              Bytes.write(file, bytes, at);
              at += step;
            }
          } catch (SystemCallException e) {
            assertThat(e.errno()).isEqualTo(Errno.ENOSPC.number());
            at = file.size();
          }
        }
        file.syncAll();
      }
    }

    void assertOnly(String... names) throws IOException {
      assertThat(volume.list(directory)).containsExactly(names);
      assertThat(Files.readString(path("live"))).isEqualTo("old");
    }
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void aFullFileSystemKeepsTheOldFileAndNoOther(EveryFileSystem where) throws IOException {
    Place place = Place.make(where);
    try (LoopFileSystem own = place.own()) {
      assertThat(own.mountPoint()).exists();
      place.fill();
      byte[] large = Bytes.random(MIB, 3);

      for (RenameMode mode : new RenameMode[] {RenameMode.REPLACE, RenameMode.NO_REPLACE}) {
        String name = mode == RenameMode.REPLACE ? "live" : "other";
        assertFull(() -> {
          try (AtomicFile file = AtomicFile.create(place.volume(), place.path(name))) {
            Bytes.write(file.file(), large, 0);
            file.publish(mode);
          }
        });
        place.assertOnly("live");
      }
      assertFull(() -> {
        Fork fork = place.fork();
        try (BlockFile file = fork.createChild()) {
          Bytes.write(file, large, 0);
          fork.run(file);
        }
      });
      assertThat(place.fork().state()).isEqualTo(SwitchState.UNCHANGED);
      place.fork().rollBack();
      place.assertOnly("live");
      assertFull(() -> {
        Exchange exchange = place.exchange();
        try (BlockFile file = exchange.createFresh()) {
          Bytes.write(file, large, 0);
          exchange.run(file);
        }
      });
      place.exchange().rollBack(0);
      place.assertOnly("live");
    }
  }

  @ParameterizedTest
  @MethodSource("providers")
  void noRoomForAnotherNameLeavesTheNamesThatThereAre(String provider) throws IOException {
    Place place = Place.make(new EveryFileSystem(provider, Kind.TMPFS));
    try (LoopFileSystem own = place.own()) {
      place.write("child", "new");
      // The root, the directory, the two files: of a tmpfs a further name counts as a file.
      own.limitFiles(4);
      assertFull(() -> place.fork().run());
      assertThat(place.fork().state()).isEqualTo(SwitchState.UNCHANGED);
      place.assertOnly("child", "live");
      assertFull(() -> AtomicFile.create(place.volume(), place.path("live")));
      place.assertOnly("child", "live");

      own.limitFiles(100);
      place.fork().rollForward();
      assertThat(place.fork().state()).isEqualTo(SwitchState.DONE);
    }
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void aReadOnlyFileSystemKeepsTheOldState(EveryFileSystem where) throws IOException {
    Place place = Place.make(where);
    try (LoopFileSystem own = place.own()) {
      place.write("child", "new");
      long fresh = place.volume().status(place.path("child")).identity().inode();
      own.remount(false);

      assertReadOnly(() -> AtomicFile.create(place.volume(), place.path("live")));
      assertReadOnly(() -> AtomicFile.create(place.volume(), place.path("other")));
      Fork other =
          new Fork(place.volume(), place.path("live"), place.path("frozen"), place.path("other"));
      assertReadOnly(other::createChild);
      assertReadOnly(() -> place.fork().run());
      assertReadOnly(() -> place.fork().rollForward());
      assertReadOnly(() -> place.fork().rollBack());
      assertReadOnly(() -> place.exchange().run());
      assertThat(place.fork().state()).isEqualTo(SwitchState.UNCHANGED);
      assertThat(place.exchange().state(fresh)).isEqualTo(SwitchState.UNCHANGED);
      place.assertOnly("child", "live");

      own.remount(true);
      place.exchange().rollForward(fresh);
      assertThat(Files.readString(place.path("live"))).isEqualTo("new");
      assertThat(Files.readString(place.path("frozen"))).isEqualTo("old");
    }
  }

  private interface Call {
    void run() throws IOException;
  }

  private static void assertFull(Call call) {
    assertFails(Errno.ENOSPC, call);
  }

  private static void assertReadOnly(Call call) {
    assertFails(Errno.EROFS, call);
  }

  private static void assertFails(Errno errno, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(errno.number()));
  }
}
