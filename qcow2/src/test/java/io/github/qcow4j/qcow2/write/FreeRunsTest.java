package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FreeRunsTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20_261_201L);
  private static final int CLUSTERS = 60;

  @Test
  void saysWhatASetSays() {
    Random random = new Random(SEED);
    for (int i = 0; i < 2000; i++) {
      BitSet set = new BitSet();
      FreeRuns runs = new FreeRuns();
      for (int start = random.nextInt(4); start < CLUSTERS; ) {
        int end = start + random.nextInt(9);
        set.set(start, end);
        runs.add(start, end);
        start = end + 1 + random.nextInt(9);
      }
      requireSame(runs, set, 1 + random.nextInt(CLUSTERS));
    }
  }

  private static void requireSame(FreeRuns runs, BitSet set, int end) {
    for (int from = 0; from <= end; from++) {
      int outside = set.nextClearBit(from);
      assertThat(runs.firstOutside(from)).as("from %d of %s", from, set).isEqualTo(outside);
      if (outside == from || from == end) {
        int inside = from == end ? end : set.nextSetBit(from);
        assertThat(runs.firstInside(from, end))
            .as("from %d to %d of %s", from, end, set)
            .isEqualTo(inside < 0 ? end : Math.min(end, inside));
      }
    }
  }

  /** Nothing is known behind so many: all there is free. */
  @Test
  void theLastOfVeryManyHasNoEnd() {
    FreeRuns runs = new FreeRuns();
    int count = 0;
    while (!runs.isFull()) {
      runs.add(2L * count, 2L * count + 1);
      count++;
    }
    runs.add(2L * count, 2L * count + 1);

    assertThat(runs.size()).isEqualTo(count + 1);
    assertThat(runs.firstOutside(2L * count - 2)).isEqualTo(2L * count - 1);
    assertThat(runs.firstOutside(2L * count)).isEqualTo(Long.MAX_VALUE);
    assertThat(runs.firstInside(2L * count - 1, 1L << 50)).isEqualTo(2L * count);
  }
}
