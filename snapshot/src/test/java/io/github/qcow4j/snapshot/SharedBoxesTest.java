package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.CountedHome.Figure;
import io.github.qcow4j.snapshot.CountedHome.Operation;
import io.github.qcow4j.snapshot.CountedHome.Work;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

/**
 * A disk of 10 GiB, all of it data, on an XFS of 1 GiB: its parts share the storage of one file.
 * Snapshots and clones of it do what those of a disk of 10 MiB do; an export to a directory and a
 * clone of that write and sync what those of the small one do, and read the larger tables.
 */
class SharedBoxesTest {

  private static final Volume VOLUME = Volumes.host();
  private static final long SMALL_BYTES = 10L << 20;
  private static final long LARGE_BYTES = 10L << 30;
  private static final int SEED_BYTES = 64 << 20;
  private static final long ROOM_BYTES = 1L << 30;

  /** An empty image with its records in the file system. */
  private static final long IMAGE_BYTES = 1 << 20;

  /** Tables of the image, read three times at most. */
  private static final long TABLE_BYTES = (4L << 20) + LARGE_BYTES / 4096;

  /** An operation, and what storage it may take. */
  private record Step(String name, Operation operation, long allowedBytes) {}

  private static List<Step> steps(Path exported) {
    return List.of(
        new Step("snapshot", home -> home.snapshot("web", "s", ""), IMAGE_BYTES),
        new Step("clone of the live disk", home -> clone(home, null, "c1"), 2 * IMAGE_BYTES),
        new Step("clone of the snapshot", home -> clone(home, "s", "c2"), IMAGE_BYTES),
        new Step(
            "export to a directory",
            home -> home.exportDirectory("web", "s", exported, new JobControl()),
            IMAGE_BYTES),
        new Step(
            "clone of the directory",
            home ->
                home.cloneDirectory(
                    exported, List.of("c3"), IntakeLimits.DEFAULT, new JobControl()),
            2 * IMAGE_BYTES));
  }

  private static void clone(BoxHome home, String snapshot, String name) throws IOException {
    home.cloneBox(new CloneRequest("web", snapshot, List.of(name), false), new JobControl());
  }

  @Test
  void aLargeDiskIsFrozenClonedAndExportedAsASmallOneWithoutNewDataBlocks() throws Exception {
    try (LoopFileSystem xfs = LoopFileSystem.mount(Kind.XFS, ROOM_BYTES)) {
      Path directory = xfs.newDirectory();
      Path seed = directory.resolve("seed");
      byte[] bytes = new byte[SEED_BYTES];
      new Random(9).nextBytes(bytes);
      try (BlockFile file = VOLUME.open(seed, OpenOptions.creatingNew())) {
        file.write(ByteBuffer.wrap(bytes), 0);
        file.syncAll();
      }
      Map<String, Work> small = run(xfs, directory.resolve("small"), seed, SMALL_BYTES);
      Map<String, Work> large = run(xfs, directory.resolve("large"), seed, LARGE_BYTES);
      for (String name : small.keySet()) {
        System.out.printf(
            "%s of 10 MiB: %s; of 10 GiB: %s%n", name, small.get(name), large.get(name));
        if (!name.contains("directory")) {
          for (Figure each : Work.FIGURES) {
            assertThat(each.of().applyAsLong(large.get(name)))
                .as(name + ": " + each.name())
                .isLessThanOrEqualTo(each.of().applyAsLong(small.get(name)) * 11 / 10);
          }
        }
      }
      for (String name : List.of("export to a directory", "clone of the directory")) {
        assertThat(large.get(name).bytesRead()).as(name).isLessThan(TABLE_BYTES);
        for (ToLongFunction<Work> each :
            List.<ToLongFunction<Work>>of(
                Work::bytesWritten, Work::copies, Work::syncs, Work::commits)) {
          assertThat(each.applyAsLong(large.get(name)))
              .as(name)
              .isLessThanOrEqualTo(each.applyAsLong(small.get(name)));
        }
      }
    }
  }

  private static Map<String, Work> run(
      LoopFileSystem xfs, Path directory, Path seed, long sizeBytes) throws Exception {
    VOLUME.createDirectory(directory);
    Map<String, Work> works = new LinkedHashMap<>();
    try (CountedHome counted = new CountedHome(VOLUME, directory.resolve("home"), 3)) {
      BoxHome home = counted.home();
      home.create(
          new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, sizeBytes))),
          new JobControl());
      fill(home.path("web", BoxDisk.ROOT), seed, sizeBytes);
      Path exported = directory.resolve("exported");
      for (Step step : steps(exported)) {
        long before = xfs.usedBytes();
        works.put(step.name(), counted.count(step.operation()));
        assertThat(xfs.usedBytes() - before).as(step.name()).isLessThan(step.allowedBytes());
      }
      assertContent(home.path("c1", BoxDisk.ROOT), seed, sizeBytes);
      assertContent(home.path("c2", BoxDisk.ROOT), seed, sizeBytes);
      assertContent(home.path("c3", BoxDisk.ROOT), seed, sizeBytes);
      for (String name : VOLUME.list(exported)) {
        if (name.endsWith(".qcow2")) {
          assertContent(exported.resolve(name), seed, sizeBytes);
        }
      }
    }
    return works;
  }

  private static void fill(Path path, Path seed, long sizeBytes) throws IOException {
    try (BlockFile source = VOLUME.open(seed, OpenOptions.reading());
        DiskImage disk =
            DiskImages.open(
                VOLUME, path, ReferencePolicy.deny(), DiskBytes.options().withWriting())) {
      for (long offset = 0; offset < sizeBytes; offset += SEED_BYTES) {
        long length = Math.min(SEED_BYTES, sizeBytes - offset);
        disk.copyFrom(offset, source, 0, length, Set.of(CopyMethod.REFLINK));
      }
      disk.sync();
    }
  }

  /** Looks at some places. */
  private static void assertContent(Path path, Path seed, long sizeBytes) throws IOException {
    ByteBuffer found = ByteBuffer.allocate(4096);
    ByteBuffer expected = ByteBuffer.allocate(4096);
    try (BlockFile source = VOLUME.open(seed, OpenOptions.reading());
        DiskImage disk =
            DiskImages.open(VOLUME, path, ReferencePolicy.allow(), DiskBytes.options())) {
      assertThat(disk.virtualSize()).isEqualTo(sizeBytes);
      long step = sizeBytes / 50 & ~4095L;
      for (long offset = 0; offset < sizeBytes; offset += step) {
        disk.read(offset, found.clear());
        source.readPadded(expected.clear(), offset % SEED_BYTES);
        assertThat(found.flip().mismatch(expected.flip())).isEqualTo(-1);
      }
    }
  }
}
