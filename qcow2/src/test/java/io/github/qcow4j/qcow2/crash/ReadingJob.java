package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bench.RequestRun;
import io.github.qcow4j.qcow2.bench.RequestSeries;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.checksum.ChecksumAlgorithm;
import io.github.qcow4j.qcow2.checksum.ContentChecksum;
import io.github.qcow4j.qcow2.compare.Comparison;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.PlannedStream;
import io.github.qcow4j.qcow2.convert.StreamConversion;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.inspect.ChainSurvey;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.map.MapEntry;
import io.github.qcow4j.qcow2.map.MapWalk;
import io.github.qcow4j.qcow2.measure.ImageMeasure;
import io.github.qcow4j.qcow2.measure.MeasureTarget;
import io.github.qcow4j.qcow2.verify.ImageVerification;
import io.github.qcow4j.qcow2.verify.VerificationOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** The jobs that only read, over a chain with a snapshot and a bitmap, and a copy of its disk. */
enum ReadingJob {
  COMPARE {
    @Override
    Object run(Volume volume) throws IOException {
      return compare(volume, false, 1);
    }
  },
  COMPARE_BY_SEVERAL_THREADS {
    @Override
    Object run(Volume volume) throws IOException {
      return compare(volume, false, THREADS);
    }
  },
  COMPARE_STRICTLY_BY_SEVERAL_THREADS {
    @Override
    Object run(Volume volume) throws IOException {
      return compare(volume, true, THREADS);
    }
  },
  CHECKSUM {
    @Override
    Object run(Volume volume) throws IOException {
      return checksum(volume, ChecksumAlgorithm.SHA256, 1);
    }
  },
  CHECKSUM_BY_SEVERAL_THREADS {
    @Override
    Object run(Volume volume) throws IOException {
      return checksum(volume, ChecksumAlgorithm.SHA256, THREADS);
    }
  },
  CHECKSUM_JOINED_OF_PIECES {
    @Override
    Object run(Volume volume) throws IOException {
      return checksum(volume, ChecksumAlgorithm.CRC32C, THREADS);
    }
  },
  MAP {
    @Override
    Object run(Volume volume) throws IOException {
      try (DiskImage disk = open(volume, TOP)) {
        MapWalk walk = new MapWalk(disk, 0, disk.virtualSize());
        List<MapEntry> entries = new ArrayList<>();
        for (MapEntry entry = walk.next(); entry != null; entry = walk.next()) {
          entries.add(entry);
        }
        return entries;
      }
    }
  },
  MEASURE {
    @Override
    Object run(Volume volume) throws IOException {
      try (DiskImage disk = open(volume, TOP)) {
        return ImageMeasure.ofCopy(disk, MeasureTarget.Qcow2.DEFAULT, new JobControl());
      }
    }
  },
  VERIFY {
    @Override
    Object run(Volume volume) throws IOException {
      return ImageVerification.run(volume, BASE, VerificationOptions.ANY, new JobControl());
    }
  },
  VERIFY_WITH_REFERENCES {
    @Override
    Object run(Volume volume) throws IOException {
      return ImageVerification.run(
          volume,
          TOP,
          new VerificationOptions(
              ImageFormat.QCOW2, Long.MAX_VALUE, false, ReferencePolicy.sameDirectory()),
          new JobControl());
    }
  },
  CHECK {
    @Override
    Object run(Volume volume) throws IOException {
      try (ImageCheck check = ImageCheck.open(volume, BASE)) {
        return check.run(finding -> {}, new JobControl());
      }
    }

    // Refcount blocks that cannot be read are counted, and all other findings are not.
    @Override
    boolean tellsOfFailure(Object answer) {
      return answer instanceof CheckReport report
          && report.outcome() == CheckReport.Outcome.INCOMPLETE;
    }
  },
  CHECK_DOUBTFUL {
    @Override
    Object run(Volume volume) throws IOException {
      try (ImageCheck check = ImageCheck.open(volume, COPY)) {
        return check.run(finding -> {}, new JobControl());
      }
    }

    @Override
    boolean tellsOfFailure(Object answer) {
      return CHECK.tellsOfFailure(answer);
    }
  },
  INSPECT {
    @Override
    Object run(Volume volume) throws IOException {
      return ImageInspector.inspect(volume, BASE, ImageOptions.of(ImageFormat.QCOW2)).toString();
    }
  },
  SURVEY {
    @Override
    Object run(Volume volume) {
      return ChainSurvey.survey(
              volume, TOP, ReferencePolicy.sameDirectory(), ImageOptions.of(ImageFormat.QCOW2))
          .stream()
          .map(layer -> layer instanceof SurveyedLayer.Present ? layer.toString() : layer)
          .toList();
    }

    @Override
    boolean tellsOfFailure(Object answer) {
      if (answer instanceof List<?> layers
          && layers.getLast() instanceof SurveyedLayer.Absent absent) {
        ReadingFaultTest.requireStorageFailure(absent.failure(), "the last layer");
        return true;
      }
      return false;
    }
  },
  BENCH {
    @Override
    Object run(Volume volume) throws IOException {
      return bench(volume, 1);
    }
  },
  BENCH_BY_SEVERAL_THREADS {
    @Override
    Object run(Volume volume) throws IOException {
      return bench(volume, THREADS);
    }
  },
  PLANNED_STREAM {
    @Override
    Object run(Volume volume) throws IOException {
      return plannedStream(volume, SourceChain.ONE_THREAD);
    }
  },
  PLANNED_STREAM_BY_SEVERAL_THREADS {
    @Override
    Object run(Volume volume) throws IOException {
      return plannedStream(volume, SourceChain.SEVERAL_THREADS);
    }
  },
  READ_CHANNEL {
    @Override
    Object run(Volume volume) throws IOException {
      try (DiskImage disk = open(volume, TOP);
          SeekableByteChannel channel = disk.channel()) {
        ByteBuffer all = ByteBuffer.allocate((int) channel.size());
        while (all.hasRemaining() && channel.read(all) >= 0) {}
        return all.flip();
      }
    }
  },
  LOAD_BITMAP {
    @Override
    Object run(Volume volume) throws IOException {
      List<String> all = new ArrayList<>();
      try (Qcow2Image disk = LeftImage.open(volume, COPY, false)) {
        for (Bitmap bitmap : disk.bitmaps()) {
          DirtyBits bits = disk.loadBitmap(bitmap);
          BitSet marks = new BitSet();
          for (int at = 0; at < disk.virtualSize(); at += 512) {
            marks.set(at / 512, bits.get(at));
          }
          all.add(bitmap.name() + marks);
        }
      }
      return all;
    }
  },
  READ_SNAPSHOT {
    @Override
    Object run(Volume volume) throws IOException {
      try (Qcow2Image disk = LeftImage.open(volume, BASE, false)) {
        return ByteBuffer.wrap(LeftImage.read(disk.openSnapshot(disk.snapshots().getFirst())));
      }
    }
  };

  /** More than one; which call is the nth depends on which comes first, and no answer does. */
  private static final int THREADS = SourceChain.SEVERAL_THREADS.parallelism();

  private static final Path RAW = Path.of("/base.raw");
  private static final Path BASE = Path.of("/base.qcow2");
  private static final Path TOP = Path.of("/top.qcow2");
  private static final Path COPY = Path.of("/copy.qcow2");

  /** All there are. */
  static final List<Path> FILES = List.of(RAW, BASE, TOP, COPY);

  static void prepare(SimulatedVolume volume, Random random) throws IOException {
    SmallChain chain = new SmallChain(volume, random);
    chain.raw(RAW);
    chain.qcow2(BASE, RAW, "raw");
    try (Qcow2Image disk = LeftImage.open(volume, BASE, true)) {
      disk.createSnapshot("s", Instant.EPOCH);
      chain.change(disk);
      if (disk.header().version() == 3) {
        disk.changeBitmaps(List.of(new BitmapChange.Add("marks", 512)));
      }
    }
    chain.qcow2(TOP, BASE, "qcow2");
    byte[] shown = new PublishedImage(TOP, ImageFormat.QCOW2).content(volume);
    ImageCreation.create(volume, COPY, ImageSpecs.random(random, shown.length));
    long l1;
    try (Qcow2Image disk = LeftImage.open(volume, COPY, true)) {
      if (disk.header().version() == 3) {
        disk.changeBitmaps(List.of(new BitmapChange.Add("marks", 512)));
      }
      disk.write(0, ByteBuffer.wrap(shown));
      l1 = disk.header().l1TableOffset();
    }
    clearCopiedFlag(volume, l1);
  }

  /** Of the first L2 table: a check is to find that its flag does not go with its count. */
  private static void clearCopiedFlag(Volume volume, long l1) throws IOException {
    try (BlockFile file = volume.open(COPY, OpenOptions.writing())) {
      ByteBuffer entry = ByteBuffer.allocate(Long.BYTES);
      file.read(entry, l1);
      file.write(ByteBuffer.allocate(Long.BYTES).putLong(0, entry.getLong(0) & Long.MAX_VALUE), l1);
    }
  }

  private static Object compare(Volume volume, boolean strict, int threads) throws IOException {
    try (DiskImage first = open(volume, TOP);
        DiskImage second = open(volume, COPY)) {
      return Comparison.run(first, second, strict, threads, new JobControl());
    }
  }

  private static Object checksum(Volume volume, ChecksumAlgorithm algorithm, int threads)
      throws IOException {
    try (DiskImage disk = open(volume, TOP)) {
      return HexFormat.of()
          .formatHex(ContentChecksum.run(disk, algorithm, threads, new JobControl()));
    }
  }

  private static Object bench(Volume volume, int threads) throws IOException {
    try (DiskImage disk = open(volume, TOP)) {
      int count = (int) (disk.virtualSize() / 4096);
      RequestRun.run(
          disk,
          new RequestSeries(count, threads, 0, 4096, 4096, new RequestSeries.Reading()),
          new JobControl());
      return count;
    }
  }

  private static Object plannedStream(Volume volume, ConvertOptions options) throws IOException {
    try (DiskImage disk = open(volume, TOP)) {
      PlannedStream planned =
          StreamConversion.planQcow2(
              List.of(disk),
              ImageSpecs.of(disk.virtualSize(), 3, 9, 4, false),
              options,
              new JobControl());
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      var _ = planned.writeTo(Channels.newChannel(stream), new JobControl());
      return ByteBuffer.wrap(stream.toByteArray());
    }
  }

  private static DiskImage open(Volume volume, Path path) throws IOException {
    return DiskImages.open(
        volume, path, ReferencePolicy.sameDirectory(), ImageOptions.of(ImageFormat.QCOW2));
  }

  /** What it answers; everything is closed again. */
  abstract Object run(Volume volume) throws IOException;

  /** Whether the answer itself says that something could not be read. */
  boolean tellsOfFailure(Object answer) {
    return false;
  }
}
