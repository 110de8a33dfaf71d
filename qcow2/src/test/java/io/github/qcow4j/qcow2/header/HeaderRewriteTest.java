package io.github.qcow4j.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A header is replaced as a whole, or not at all. */
class HeaderRewriteTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final long SEED = Long.getLong("qcow4j.seed", 11L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.header.sequences", 60);

  /** The state of a header that says everything about an image. */
  private record Said(
      int version,
      long size,
      long incompatible,
      long autoclear,
      @Nullable String backingName,
      @Nullable String backingFormat,
      @Nullable String dataFileName,
      @Nullable BitmapsExtension bitmaps) {

    static Said by(Qcow2Header header) {
      return new Said(
          header.version(),
          header.storedSize(),
          header.incompatibleFeatures(),
          header.autoclearFeatures(),
          header.backingFileName(),
          header.extensions().backingFormat(),
          header.extensions().dataFileName(),
          header.extensions().bitmaps());
    }
  }

  @Test
  void everyPowerCutLeavesTheOldHeaderOrTheNewOne() throws Exception {
    CrashReport sum = new CrashReport(0, 0, 0, 0, 0);
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = SEED + i;
      try {
        sum = sum.plus(explore(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.header.sequences=1: " + e, e);
      }
    }
    System.out.println("crash states of headers: " + sum);
    assertThat(sum.distinctStates()).isGreaterThan(5L * SEQUENCES);
  }

  private static CrashReport explore(long seed) throws Exception {
    Random random = new Random(seed);
    SimulatedVolume volume = SimulatedVolume.create();
    int clusterBits = 10 + random.nextInt(7);
    ImageSpec plain = ImageSpec.ofSize(1 << 20);
    ImageSpec spec =
        new ImageSpec(
            plain.sizeBytes(),
            plain.version(),
            clusterBits,
            plain.refcountOrder(),
            plain.compressionType(),
            false,
            false,
            null,
            null);
    ImageCreation.create(volume, IMAGE, spec);
    volume.settle();
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      volume.mark(Said.by(HeaderParser.parse(file, false)));
      for (int step = 0; step < 4; step++) {
        Qcow2Header old = HeaderParser.parse(file, false);
        Qcow2Header wanted = change(old, random);
        volume.mark(Said.by(wanted));
        try {
          HeaderRewrite.replace(file, old, wanted);
        } catch (LimitExceededException e) {
          assertThat(clusterBits).as("a cluster with room: %s", e).isLessThanOrEqualTo(11);
          wanted = old;
        }
        Qcow2Header now = HeaderParser.parse(file, false);
        assertThat(Said.by(now)).isEqualTo(Said.by(wanted));
        assertThat(headerCluster(file, now))
            .as("nothing of the old header is left")
            .isEqualTo(HeaderWriter.encode(IMAGE, now));
        // From here on the old one must never be seen again.
        volume.mark("durable");
        volume.mark(Said.by(now));
      }
    }
    return CrashExplorer.of(volume)
        .seed(seed)
        .sectorBytes(random.nextBoolean() ? 512 : 4096)
        .limitPerPoint(40)
        .explore(state -> {
          Qcow2Header found = parse(state.volume());
          assertThat(possible(state.marks())).as(state.description()).contains(Said.by(found));
        });
  }

  private static ByteBuffer headerCluster(BlockFile file, Qcow2Header header) throws Exception {
    ByteBuffer cluster = ByteBuffer.allocate(header.clusterSize());
    file.readPadded(cluster, 0);
    return cluster.flip();
  }

  private static List<Object> possible(List<Object> marks) {
    return marks.subList(marks.lastIndexOf("durable") + 1, marks.size());
  }

  private static Qcow2Header parse(Volume volume) throws Exception {
    try (BlockFile file = volume.open(IMAGE, OpenOptions.reading())) {
      return HeaderParser.parse(file, false);
    }
  }

  private static Qcow2Header change(Qcow2Header old, Random random) {
    HeaderDraft draft = HeaderDraft.of(old);
    List<Runnable> changes = new ArrayList<>();
    int longestDataFileName = old.clusterBits() < 12 ? 100 : 600;
    changes.add(() -> draft.version(random.nextInt(4) == 0 ? 2 : 3));
    changes.add(() -> draft.size(512L * (1 + random.nextInt(2048))));
    changes.add(() -> {
      boolean none = random.nextInt(4) == 0;
      String format = random.nextBoolean() ? "raw" : "qcow2-or-longer";
      // So long that in small clusters two of them have no room.
      int most = random.nextInt(3) == 0 ? 40 : old.clusterBits() < 11 ? 500 : 1023;
      draft.backing(
          none ? null : "n".repeat(1 + random.nextInt(most)),
          none || random.nextInt(4) == 0 ? null : format);
    });
    changes.add(() ->
        draft.dataFileName(
            random.nextInt(3) == 0 ? null : "d".repeat(1 + random.nextInt(longestDataFileName))));
    changes.add(() ->
        draft.bitmaps(
            random.nextInt(3) == 0 || draft.header().version() == 2
                ? null
                : new BitmapsExtension(
                    1 + random.nextInt(9),
                    32L * (1 + random.nextInt(9)),
                    (long) random.nextInt(99) << old.clusterBits())));
    changes.forEach(change -> {
      if (random.nextInt(3) > 0) {
        change.run();
      }
    });
    return draft.header();
  }

  @Test
  void namesThatAreNotUtf8AreNotCarriedOverChanged() throws Exception {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20).withBacking("base?.raw", "raw"));
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      Qcow2Header written = HeaderParser.parse(file, false);
      file.write(
          ByteBuffer.wrap(new byte[] {(byte) 0xFF}), written.backingFileOffset() + "base".length());
      Qcow2Header old = HeaderParser.parse(file, false);
      Qcow2Header wanted = HeaderDraft.of(old).size(4096).header();
      assertThatThrownBy(() -> HeaderRewrite.replace(file, old, wanted))
          .isInstanceOf(UnsupportedFeatureException.class);
      assertThat(HeaderParser.parse(file, false)).isEqualTo(old);
    }
  }
}
