package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A disk that is full at some point of a job, at each one in turn: the image keeps what it holds,
 * and every cluster whose content found no room is free again, so that nothing leaks.
 */
class FullDiskTest {

  private static final Path LOWER = Path.of("/lower.qcow2");
  private static final Path TOP = Path.of("/top.qcow2");
  private static final int SIZE = 768 << 10;
  private static final int PAGE = 4096;
  private static final long CAPACITY = 8 << 20;
  private static final int[] CLUSTER_BITS = {9, 12, 16};

  /** What meets the full disk. */
  enum Work {
    WRITE(TOP) {
      @Override
      void prepare(SimulatedVolume volume) {}

      @Override
      void run(SimulatedVolume volume) throws IOException {
        try (Qcow2Image disk = open(volume, TOP)) {
          disk.write(0, ByteBuffer.wrap(data(2)));
        }
      }
    },
    OVERWRITE_COMPRESSED(TOP) {
      @Override
      void prepare(SimulatedVolume volume) throws IOException {
        super.prepare(volume);
        flatten(volume, true);
      }

      @Override
      void run(SimulatedVolume volume) throws IOException {
        WRITE.run(volume);
      }
    },
    OVERWRITE_WHAT_A_SNAPSHOT_KEEPS(TOP) {
      @Override
      void prepare(SimulatedVolume volume) throws IOException {
        super.prepare(volume);
        flatten(volume, false);
        try (Qcow2Image disk = open(volume, TOP)) {
          InternalSnapshot _ = disk.createSnapshot("kept", Instant.EPOCH);
        }
      }

      @Override
      void run(SimulatedVolume volume) throws IOException {
        WRITE.run(volume);
      }
    },
    COMMIT(LOWER) {
      @Override
      void run(SimulatedVolume volume) throws IOException {
        CommitOptions options = new CommitOptions(null, false, 1, 0);
        Commit.run(volume, TOP, ReferencePolicy.sameDirectory(), QCOW2, options, new JobControl());
      }
    },
    FLATTEN(TOP) {
      @Override
      void run(SimulatedVolume volume) throws IOException {
        flatten(volume, false);
      }
    },
    FLATTEN_COMPRESSED(TOP) {
      @Override
      void run(SimulatedVolume volume) throws IOException {
        flatten(volume, true);
      }
    },
    /** A cluster of 512 bytes that is given back makes no room, but all of them together do. */
    MARK_BITMAPS(TOP) {
      private static final int BITMAPS = 12;

      @Override
      void prepare(SimulatedVolume volume) throws IOException {
        super.prepare(volume);
        changeBitmaps(volume, name -> new BitmapChange.Add(name, 0));
        WRITE.run(volume);
        changeBitmaps(volume, name -> new BitmapChange.Add("for " + name, 0));
      }

      @Override
      void run(SimulatedVolume volume) throws IOException {
        changeBitmaps(volume, name -> new BitmapChange.Merge("for " + name, name, null));
      }

      private static void changeBitmaps(
          SimulatedVolume volume, Function<String, BitmapChange> change) throws IOException {
        try (Qcow2Image disk = open(volume, TOP)) {
          disk.changeBitmaps(
              IntStream.range(0, BITMAPS).mapToObj(Integer::toString).map(change).toList());
        }
      }
    };

    private final Path written;

    Work(Path written) {
      this.written = written;
    }

    /** Fills images that are empty. */
    void prepare(SimulatedVolume volume) throws IOException {
      try (Qcow2Image holder = open(volume, written.equals(TOP) ? LOWER : TOP)) {
        holder.write(0, ByteBuffer.wrap(data(1)));
      }
    }

    abstract void run(SimulatedVolume volume) throws IOException;

    /** Whether it is about tables alone, which need room a few times only. */
    private boolean isSmall() {
      return this == MARK_BITMAPS;
    }

    /** Whether it writes other data than the disk shows. */
    private boolean changes() {
      return this == WRITE
          || this == OVERWRITE_COMPRESSED
          || this == OVERWRITE_WHAT_A_SNAPSHOT_KEEPS;
    }
  }

  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);

  private static void flatten(SimulatedVolume volume, boolean compressed) throws IOException {
    RebaseOptions options = new RebaseOptions(1, compressed, true, false);
    Rebase.run(
        volume, TOP, ReferencePolicy.sameDirectory(), QCOW2, null, options, new JobControl());
  }

  @ParameterizedTest
  @EnumSource(Work.class)
  void whatFoundNoRoomIsFreeAgainAndTheContentStays(Work work) throws IOException {
    meetFullDisks(work, false);
  }

  /** There tables find no room in the places that they have, nor do counters. */
  @ParameterizedTest
  @EnumSource(Work.class)
  void nothingLeaksWhereNothingIsWrittenInPlace(Work work) throws IOException {
    meetFullDisks(work, true);
  }

  private static void meetFullDisks(Work work, boolean copyingOnWrite) throws IOException {
    for (int clusterBits : CLUSTER_BITS) {
      int full = 0;
      boolean enough = false;
      for (long room = 0; !enough; room += PAGE) {
        SimulatedVolume volume = prepared(work, clusterBits, room, copyingOnWrite);
        byte[] before = content(volume);
        enough = work.changes() ? wrote(work, volume, before) : ran(work, volume);
        full += enough ? 0 : 1;
        assertSound(volume, work.written, clusterBits, room);
        if (!work.changes()) {
          assertThat(content(volume)).as("%d bits, %d bytes", clusterBits, room).isEqualTo(before);
        }
      }
      assertThat(full).as("disks that were full").isGreaterThan(work.isSmall() ? 0 : 20);
    }
  }

  private static boolean ran(Work work, SimulatedVolume volume) {
    try {
      work.run(volume);
      return true;
    } catch (IOException e) {
      assertThat(e).hasStackTraceContaining("No space left on device");
      return false;
    } finally {
      volume.assertNothingOpen();
    }
  }

  private static boolean wrote(Work work, SimulatedVolume volume, byte[] old) throws IOException {
    boolean enough = ran(work, volume);
    byte[] expected = data(2);
    byte[] now = content(volume);
    for (int sector = 0; sector < SIZE; sector += 512) {
      byte[] found = Arrays.copyOfRange(now, sector, sector + 512);
      boolean isNew = Arrays.equals(found, Arrays.copyOfRange(expected, sector, sector + 512));
      boolean isOld = Arrays.equals(found, Arrays.copyOfRange(old, sector, sector + 512));
      assertThat(isNew || (isOld && !enough)).as("sector at %d", sector).isTrue();
    }
    return enough;
  }

  private static SimulatedVolume prepared(
      Work work, int clusterBits, long room, boolean copyingOnWrite) throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(
            SimulatedVolume.Options.standard()
                .withRecording(false)
                .withCopyingOnWrite(copyingOnWrite)
                .withCapacity(CAPACITY));
    prepare(volume, work, clusterBits);
    try (BlockFile ballast = volume.open(Path.of("/ballast"), OpenOptions.creatingNew())) {
      ballast.preallocate(0, CAPACITY - volume.usedBytes() - room);
    }
    return volume;
  }

  private static void prepare(SimulatedVolume volume, Work work, int clusterBits)
      throws IOException {
    ImageCreation.create(volume, LOWER, spec(clusterBits, null));
    ImageCreation.create(volume, TOP, spec(clusterBits, LOWER.toString()));
    work.prepare(volume);
  }

  private static ImageSpec spec(int clusterBits, String backing) {
    return new ImageSpec(
        SIZE,
        3,
        clusterBits,
        4,
        CompressionType.ZLIB,
        false,
        false,
        backing,
        backing == null ? null : "qcow2");
  }

  /** Bytes that shrink to about half, none of them zeros for long. */
  private static byte[] data(int seed) {
    byte[] bytes = new byte[SIZE];
    new SplittableRandom(seed).nextBytes(bytes);
    for (int i = 0; i < SIZE; i++) {
      if (i / 64 % 2 == 0) {
        bytes[i] = (byte) (seed + i / 640);
      }
    }
    return bytes;
  }

  private static byte[] content(SimulatedVolume volume) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(SIZE);
    try (Qcow2Image disk =
        (Qcow2Image) DiskImages.open(volume, TOP, ReferencePolicy.sameDirectory(), QCOW2)) {
      disk.read(0, content);
    }
    return content.array();
  }

  private static void assertSound(SimulatedVolume volume, Path image, int clusterBits, long room)
      throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, image)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.outcome())
          .as("%s with clusters of 2^%d bytes and room for %d", report, clusterBits, room)
          .isEqualTo(CheckReport.Outcome.CONSISTENT);
    }
  }

  private static Qcow2Image open(SimulatedVolume volume, Path image) throws IOException {
    return (Qcow2Image)
        DiskImages.open(volume, image, ReferencePolicy.sameDirectory(), QCOW2.withWriting());
  }
}
