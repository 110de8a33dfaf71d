package io.github.qcow4j.snapshot.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveIntake;
import io.github.qcow4j.snapshot.archive.ArchiveRequest;
import io.github.qcow4j.snapshot.archive.ArchiveRequest.ArchivedDisk;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.BoxArchives;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.directory.BoxDirectories;
import io.github.qcow4j.snapshot.directory.DirectoryIntake;
import io.github.qcow4j.snapshot.directory.DirectoryPolicy;
import io.github.qcow4j.snapshot.directory.DirectoryRequest;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.CarriedFile;
import io.github.qcow4j.snapshot.directory.DirectoryRequest.DirectoryDisk;
import io.github.qcow4j.snapshot.directory.Envelope;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;

/** Exports and imports on a disk that may lose power or fail, and what must hold afterwards. */
enum TransferWork {
  /** An archive, over an older file or over nothing. */
  ARCHIVE_EXPORT {
    @Override
    void prepare(SimulatedVolume volume, Random random) throws IOException {
      disk(volume, random);
      if (random.nextBoolean()) {
        write(volume, ARCHIVE, "older".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
    }

    @Override
    void run(SimulatedVolume volume) throws IOException {
      exportArchive(volume, ARCHIVE);
    }

    @Override
    void check(CrashState state) throws IOException {
      Volume volume = state.volume();
      boolean there = volume.exists(ARCHIVE);
      if (there && volume.status(ARCHIVE).sizeBytes() > 100) {
        volume.createDirectory(STAGING);
        requireDisk(volume, stageArchive(volume, ARCHIVE));
      } else if (isOver(state)) {
        throw new AssertionError("the archive is gone, or an older one again");
      }
    }

    @Override
    void checkNothingLeft(Volume volume) throws IOException {
      assertThat(volume.list(ROOT)).isSubsetOf("source.qcow2", "web.boxlite");
      if (volume.exists(ARCHIVE) && volume.status(ARCHIVE).sizeBytes() > 5) {
        // Only the sync of the directory can have failed.
        volume.createDirectory(STAGING);
        requireDisk(volume, stageArchive(volume, ARCHIVE));
      }
    }
  },

  /** The disk of an archive, in the staging directory. */
  ARCHIVE_IMPORT {
    @Override
    void prepare(SimulatedVolume volume, Random random) throws IOException {
      disk(volume, random);
      exportArchive(volume, ARCHIVE);
      volume.createDirectory(STAGING);
    }

    @Override
    void run(SimulatedVolume volume) throws IOException {
      stageArchive(volume, ARCHIVE);
    }

    @Override
    void check(CrashState state) throws IOException {
      if (isOver(state)) {
        requireDisk(state.volume(), STAGING.resolve("disk.qcow2"));
      }
    }

    @Override
    void checkNothingLeft(Volume volume) throws IOException {
      assertThat(volume.list(STAGING)).isEmpty();
    }
  },

  /** A directory, made or empty before. */
  DIRECTORY_EXPORT {
    @Override
    void prepare(SimulatedVolume volume, Random random) throws IOException {
      disk(volume, random);
      write(volume, CARRIED, new byte[5000]);
      if (random.nextBoolean()) {
        volume.createDirectory(DIRECTORY);
      }
    }

    @Override
    void run(SimulatedVolume volume) throws IOException {
      exportDirectory(volume);
    }

    @Override
    void check(CrashState state) throws IOException {
      Volume volume = state.volume();
      boolean complete =
          volume.exists(DIRECTORY) && volume.exists(DIRECTORY.resolve(Envelope.NAME));
      if (complete) {
        volume.createDirectory(STAGING);
        requireDisk(volume, stageDirectory(volume));
      } else if (isOver(state)) {
        throw new AssertionError("the directory is not complete");
      }
    }

    @Override
    void checkNothingLeft(Volume volume) throws IOException {
      if (volume.exists(DIRECTORY)) {
        assertThat(volume.list(DIRECTORY)).isEmpty();
      }
    }
  },

  /** The disk of a directory, in the staging directory. */
  DIRECTORY_IMPORT {
    @Override
    void prepare(SimulatedVolume volume, Random random) throws IOException {
      disk(volume, random);
      write(volume, CARRIED, new byte[5000]);
      exportDirectory(volume);
      volume.createDirectory(STAGING);
    }

    @Override
    void run(SimulatedVolume volume) throws IOException {
      stageDirectory(volume);
    }

    @Override
    void check(CrashState state) throws IOException {
      if (isOver(state)) {
        requireDisk(state.volume(), STAGING.resolve("root.qcow2"));
      }
    }

    @Override
    void checkNothingLeft(Volume volume) throws IOException {
      assertThat(volume.list(STAGING)).isEmpty();
    }
  };

  private static final Path ROOT = Path.of("/");
  private static final Path SOURCE = Path.of("/source.qcow2");
  private static final Path ARCHIVE = Path.of("/web.boxlite");
  private static final Path CARRIED = Path.of("/state.json");
  private static final Path DIRECTORY = Path.of("/out");
  private static final Path STAGING = Path.of("/staging");
  private static final int DISK_BYTES = 256 << 10;
  private static final String OVER = "over";

  /** What is there before, durably. */
  abstract void prepare(SimulatedVolume volume, Random random) throws IOException;

  /** The work. */
  abstract void run(SimulatedVolume volume) throws IOException;

  /** What must hold of every state that a power cut may leave. */
  abstract void check(CrashState state) throws IOException;

  /** What must hold when the work has failed. */
  abstract void checkNothingLeft(Volume volume) throws IOException;

  /** Notes that the work is done. */
  static void markOver(SimulatedVolume volume) {
    volume.mark(OVER);
  }

  private static boolean isOver(CrashState state) {
    return state.marks().contains(OVER);
  }

  private static void disk(Volume volume, Random random) throws IOException {
    ImageCreation.create(volume, SOURCE, ImageSpec.ofSize(DISK_BYTES));
    try (DiskImage disk =
        DiskImages.open(
            volume,
            SOURCE,
            ReferencePolicy.deny(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      byte[] data = new byte[40_000];
      random.nextBytes(data);
      disk.write(random.nextInt(DISK_BYTES - data.length), ByteBuffer.wrap(data));
    }
  }

  private static void write(Volume volume, Path path, byte[] content) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(content), 0);
    }
  }

  private static DiskImage open(Volume volume, Path path) throws IOException {
    return DiskImages.open(
        volume, path, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2));
  }

  private static void exportArchive(Volume volume, Path path) throws IOException {
    try (DiskImage disk = open(volume, SOURCE)) {
      ArchiveRequest request =
          new ArchiveRequest(
              "web",
              "",
              null,
              List.of(new ArchivedDisk("root", disk)),
              Instant.EPOCH,
              Compression.ZSTD,
              3,
              1);
      BoxArchives.export(
          request,
          new ArchiveDestination.ToFile(volume, path, RenameMode.REPLACE),
          new JobControl());
    }
  }

  private static Path stageArchive(Volume volume, Path path) throws IOException {
    return only(
        ArchiveIntake.stage(
                new ArchiveSource.FromFile(volume, path),
                new Staging(volume, STAGING),
                IntakeLimits.DEFAULT,
                new JobControl())
            .disks());
  }

  private static void exportDirectory(Volume volume) throws IOException {
    try (DiskImage disk = open(volume, SOURCE);
        BlockFile carried = volume.open(CARRIED, OpenOptions.reading())) {
      BoxDirectories.export(
          new DirectoryRequest(
              "s1",
              "web",
              null,
              List.of(new DirectoryDisk("root", disk)),
              List.of(new CarriedFile("state.json", carried)),
              1),
          volume,
          DIRECTORY,
          new JobControl());
    }
  }

  private static Path stageDirectory(Volume volume) throws IOException {
    return only(
        DirectoryIntake.stage(
                volume,
                DIRECTORY,
                new Staging(volume, STAGING),
                new DirectoryPolicy(ReferencePolicy.deny(), 1L << 30),
                new JobControl())
            .disks());
  }

  private static Path only(List<StagedDisk> disks) {
    assertThat(disks).hasSize(1);
    return disks.getFirst().path();
  }

  /** The disk has the content that it was made of. */
  private static void requireDisk(Volume volume, Path path) throws IOException {
    assertThat(content(volume, path)).isEqualTo(content(volume, SOURCE));
  }

  private static ByteBuffer content(Volume volume, Path path) throws IOException {
    try (DiskImage disk = open(volume, path)) {
      ByteBuffer content = ByteBuffer.allocate(DISK_BYTES);
      disk.read(0, content);
      return content.flip();
    }
  }
}
