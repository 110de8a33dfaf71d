package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Counters in pages that widen, against a map. */
class ReferenceCountsTest {

  @Test
  void countersCountWhateverTheirNeighboursReach() {
    long seed = Long.getLong("qcow4j.seed", 20_250_731L);
    SplittableRandom random = new SplittableRandom(seed);
    ReferenceCounts counts = new ReferenceCounts(1L << 20, Long.MAX_VALUE);
    Map<Long, Long> model = new HashMap<>();
    for (int step = 0; step < 300_000; step++) {
      long cluster = random.nextInt(4) == 0 ? 40_000 + random.nextInt(4) : random.nextInt(1 << 20);
      assertThat(counts.increment(cluster)).isTrue();
      model.merge(cluster, 1L, Long::sum);
    }
    for (long cluster = 0; cluster < 1 << 20; cluster++) {
      if (counts.get(cluster) != model.getOrDefault(cluster, 0L)) {
        assertThat(counts.get(cluster))
            .as("seed %d, cluster %d", seed, cluster)
            .isEqualTo(model.getOrDefault(cluster, 0L));
      }
    }
  }

  @Test
  void aCounterStopsAtTheLimitAndSaysSo() {
    for (long limit : new long[] {1, 3, 15, 255, 65535}) {
      ReferenceCounts counts = new ReferenceCounts(10, limit);
      for (long i = 0; i < limit; i++) {
        assertThat(counts.increment(7)).isTrue();
      }
      assertThat(counts.increment(7)).isFalse();
      assertThat(counts.get(7)).isEqualTo(limit);
      assertThat(counts.get(6)).isZero();
    }
  }

  @Test
  void untouchedRangesOfTheLargestFileCostNothing() {
    ReferenceCounts counts = new ReferenceCounts(ImageCheck.MAX_CLUSTERS + 1, 65535);
    assertThat(counts.increment(ImageCheck.MAX_CLUSTERS)).isTrue();
    assertThat(counts.get(ImageCheck.MAX_CLUSTERS)).isEqualTo(1);
    assertThat(counts.page(0)).isNull();
    assertThat(counts.memoryBytes()).isLessThan(1 << 20);
  }

  @Test
  void eightTebibytesInClustersOf64KiBFitIntoAHundredMebibytesEvenWhenAllAreShared() {
    long clusters = (8L << 40) >>> 16;
    ReferenceCounts counts = new ReferenceCounts(clusters, 65535);
    for (int round = 0; round < 2; round++) {
      for (long cluster = 0; cluster < clusters; cluster += CounterPage.COUNTERS) {
        counts.increment(cluster);
      }
    }
    assertThat(counts.memoryBytes()).isLessThan(100L << 20);
  }
}
