package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shared storage, told by the file system itself. */
final class ReflinkTest {

  private static final int MIB = 1 << 20;

  private final Volume volume = HostGround.provider("panama");

  private BlockFile make(Path path, int length) throws IOException {
    return make(volume, path, length);
  }

  private static BlockFile make(Volume volume, Path path, int length) throws IOException {
    BlockFile file = volume.open(path, OpenOptions.creatingNew());
    Bytes.write(file, Bytes.random(length, 1), 0);
    file.sync();
    return file;
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void aCopyOfWholeBlocksSharesThemAndUsesNoStorage(Kind kind) throws IOException {
    Path directory = LoopFileSystem.shared(kind).newDirectory();
    Path copy = directory.resolve("copy");
    try (BlockFile source = make(directory.resolve("source"), 16 * MIB + 100);
        BlockFile target = volume.open(copy, OpenOptions.creatingNew())) {
      CopyResult result = target.copyRange(source, 0, 0, 16 * MIB + 100);
      target.sync();

      assertThat(result).isEqualTo(new CopyResult(16 * MIB, 100, 0));
      assertThat(SharedStorage.sharedBytes(copy)).isGreaterThanOrEqualTo(16 * MIB);
      assertThat(Bytes.read(target, 0, 17 * MIB)).isEqualTo(Bytes.random(16 * MIB + 100, 1));
      assertThat(target.cloneRange(source, 0, 4096, 8192)).isTrue();
      target.truncate(0);
      assertThat(target.cloneFrom(source)).isTrue();
      assertThat(Bytes.read(target, 0, 17 * MIB)).isEqualTo(Bytes.random(16 * MIB + 100, 1));
      assertThat(target.cloneRange(source, 1, 0, 4096)).isFalse();
      assertThat(target.cloneRange(source, 0, 4096, 8192)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void whatIsSharedStandsAtTheSamePlaceUntilItIsWritten(Kind kind) throws IOException {
    Path directory = LoopFileSystem.shared(kind).newDirectory();
    try (BlockFile source = make(directory.resolve("source"), 4 * MIB);
        BlockFile target = volume.open(directory.resolve("copy"), OpenOptions.creatingNew())) {
      assertThat(source.sharedExtents(0, 4 * MIB)).isEmpty();
      assertThat(target.cloneRange(source, MIB, 0, 2 * MIB)).isTrue();
      // Not written back yet when asked about.
      Bytes.write(target, Bytes.random(8192, 2), MIB);

      Map<Long, Long> original = places(source);
      Map<Long, Long> copied = places(target);
      Set<Long> expected = new TreeSet<>(blocks(0, MIB));
      expected.addAll(blocks(MIB + 8192, 2 * MIB));
      assertThat(copied.keySet()).isEqualTo(expected);
      copied.forEach((at, place) -> assertThat(original.get(at + MIB)).isEqualTo(place));
      assertThat(target.sharedExtents(4096, 4096))
          .containsExactly(new SharedExtent(4096, 4096, copied.get(4096L)));
    }
  }

  /** Where each block stands that is shared. */
  private static Map<Long, Long> places(BlockFile file) throws IOException {
    Map<Long, Long> places = new TreeMap<>();
    for (SharedExtent extent : file.sharedExtents(0, file.size())) {
      for (long block : blocks(extent.fileOffset(), extent.end())) {
        places.put(block, extent.deviceOffset() + (block - extent.fileOffset()));
      }
    }
    return places;
  }

  private static List<Long> blocks(long from, long end) {
    return LongStream.iterate(from, at -> at < end, at -> at + 4096).boxed().toList();
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"EXT4", "TMPFS"})
  void whereStorageCannotBeSharedTheKernelCopies(Kind kind) throws IOException {
    Path directory = LoopFileSystem.shared(kind).newDirectory();
    Path copy = directory.resolve("copy");
    try (BlockFile source = make(directory.resolve("source"), MIB);
        BlockFile target = volume.open(copy, OpenOptions.creatingNew())) {
      assertThat(target.cloneFrom(source)).isFalse();
      assertThat(target.copyRange(source, 0, 0, MIB)).isEqualTo(new CopyResult(0, MIB, 0));
      assertThat(target.sharedExtents(0, MIB)).isIn(List.of(), null);
      assertThat(Bytes.read(target, 0, MIB)).isEqualTo(Bytes.random(MIB, 1));
    }
  }

  /** The same device, in turns with a file system that shares and one that does not. */
  @ParameterizedTest
  @ValueSource(strings = {"panama", "jnr"})
  void whatAFileSystemRefusesTheNextUnderItsNumberMayDo(String provider) throws IOException {
    Volume host = HostGround.provider(provider);
    Set<Long> devices = new TreeSet<>();
    try (LoopFileSystem place = LoopFileSystem.mount(Kind.EXT4, 300L * MIB)) {
      for (Kind kind : List.of(Kind.EXT4, Kind.XFS, Kind.EXT4, Kind.XFS)) {
        place.replace(kind);
        Path directory = place.newDirectory();
        try (BlockFile source = make(host, directory.resolve("source"), MIB);
            BlockFile target = host.open(directory.resolve("copy"), OpenOptions.creatingNew())) {
          devices.add(target.identity().device());
          assertThat(target.canShareWith(source)).isEqualTo(kind.reflinks());
          assertThat(target.copyRange(source, 0, 0, MIB).reflinkBytes())
              .isEqualTo(kind.reflinks() ? MIB : 0);
        }
      }
    }
    assertThat(devices).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void betweenFileSystemsBytesAreCopiedAllTheSame(Kind kind) throws IOException {
    Path from = LoopFileSystem.shared(kind).newDirectory().resolve("source");
    Kind other = kind == Kind.XFS ? Kind.BTRFS : Kind.XFS;
    Path to = LoopFileSystem.shared(other).newDirectory().resolve("copy");
    try (BlockFile source = make(from, MIB);
        BlockFile target = volume.open(to, OpenOptions.creatingNew())) {
      CopyResult result = target.copyRange(source, 0, 0, MIB);
      assertThat(result.reflinkBytes()).isZero();
      assertThat(result.totalBytes()).isEqualTo(MIB);
      assertThat(Bytes.read(target, 0, MIB)).isEqualTo(Bytes.random(MIB, 1));
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void aFullFileSystemSaysSo(Kind kind) throws IOException {
    Path directory = LoopFileSystem.shared(kind).newDirectory();
    Path path = directory.resolve("large");
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      assertThatThrownBy(
              () -> {
                file.preallocate(0, 1L << 40);
                byte[] bytes = Bytes.random(16 * MIB, 2);
                for (long at = 0; at < 1L << 30; at += bytes.length) {
                  Bytes.write(file, bytes, at);
                }
              })
          .isInstanceOfSatisfying(
              SystemCallException.class,
              e -> assertThat(e.errno()).isIn(Errno.ENOSPC.number(), Errno.EFBIG.number()));
    }
    volume.unlink(path);
  }
}
