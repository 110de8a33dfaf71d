package io.github.qcow4j.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.simulator.CrashReport;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A header is replaced as a whole, or not at all. */
class HeaderRewriteTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 11L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.header.sequences", 60);

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
    ImageCreation.create(volume, HeaderSamples.IMAGE, spec);
    try (HeaderBench bench = HeaderBench.on(volume)) {
      for (int step = 0; step < 4; step++) {
        int steps = bench.replace(draft -> change(draft, clusterBits, random));
        assertThat(steps >= 0 || clusterBits <= 11).as("a cluster with room").isTrue();
      }
      return bench.explore(seed, random.nextBoolean() ? 512 : 4096, HeaderBench.NO_LOOK);
    }
  }

  private static HeaderDraft change(HeaderDraft draft, int clusterBits, Random random) {
    List<Runnable> changes = new ArrayList<>();
    int longestDataFileName = clusterBits < 12 ? 100 : 600;
    changes.add(() -> draft.version(random.nextInt(4) == 0 ? 2 : 3));
    changes.add(() -> draft.size(512L * (1 + random.nextInt(2048))));
    changes.add(() -> {
      boolean none = random.nextInt(4) == 0;
      String format = random.nextBoolean() ? "raw" : "qcow2-or-longer";
      // So long that in small clusters two of them have no room.
      int most = random.nextInt(3) == 0 ? 40 : clusterBits < 11 ? 500 : 1023;
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
                    (long) random.nextInt(99) << clusterBits)));
    changes.forEach(change -> {
      if (random.nextInt(3) > 0) {
        change.run();
      }
    });
    return draft;
  }
}
