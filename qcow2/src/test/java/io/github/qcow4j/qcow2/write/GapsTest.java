package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.table.MetadataPages;
import io.github.qcow4j.qcow2.testing.CountedCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which free clusters are found, and how often refcounts are looked at for it. */
class GapsTest {

  private static final int BITS = 9;
  private static final int CLUSTER = 1 << BITS;
  private static final int PER_BLOCK = CLUSTER / 2;
  private static final int BLOCKS = 40;
  private static final long END = (long) BLOCKS * PER_BLOCK;

  private final CountedCalls calls = new CountedCalls();
  private BlockFile file;

  @BeforeEach
  void makeFile() throws IOException {
    file =
        calls
            .over(SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false)))
            .open(Path.of("/image"), OpenOptions.creatingNew());
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  private int reads() {
    return calls.of("read") + calls.of("readPadded");
  }

  /** All clusters in use but some, with memory for one refcount block. */
  private Gaps gaps(long... free) throws IOException {
    MetadataPages pages = new MetadataPages(file, "refcount block", CLUSTER, 1);
    long[] table = new long[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
      table[i] = (1L + i) << BITS;
      pages.create(table[i]);
    }
    RefcountStore refcounts =
        new RefcountStore(file, BITS, CounterCodec.ofOrder(4), 0, table, pages);
    refcounts.add(0, END, 1);
    for (long cluster : free) {
      refcounts.add(cluster, 1, -1);
    }
    refcounts.writeBlocks();
    return new Gaps(refcounts, (cluster, count) -> {}, END);
  }

  @Test
  void aFullImageIsLookedThroughOnceForEachLengthAtTheMost() throws IOException {
    Gaps gaps = gaps();
    int before = reads();
    for (int i = 0; i < 100; i++) {
      assertThat(gaps.take(3)).isEqualTo(-1);
      assertThat(gaps.take(1)).isEqualTo(-1);
    }

    assertThat(reads() - before).isLessThanOrEqualTo(2 * BLOCKS);
  }

  @Test
  void anImageWithGapsThatAreTooSmallIsLookedThroughOnce() throws IOException {
    Gaps gaps = gaps(5, 700);
    int before = reads();
    for (int i = 0; i < 100; i++) {
      assertThat(gaps.take(3)).isEqualTo(-1);
      assertThat(gaps.take(2)).isEqualTo(-1);
    }

    assertThat(reads() - before).isLessThanOrEqualTo(2 * BLOCKS);
  }

  @Test
  void singleClustersAreFoundInOneWalk() throws IOException {
    long[] free = new long[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
      free[i] = (long) i * PER_BLOCK + 7;
    }
    Gaps gaps = gaps(free);
    int before = reads();
    List<Long> found = new ArrayList<>();
    for (long cluster = gaps.take(1); cluster >= 0; cluster = gaps.take(1)) {
      found.add(cluster);
    }

    assertThat(found.stream().mapToLong(Long::longValue).toArray()).containsExactly(free);
    assertThat(reads() - before).isBetween(BLOCKS / 2, 2 * BLOCKS);
  }

  @Test
  void nothingIsTakenTwiceWhateverIsAskedFor() throws IOException {
    Gaps gaps = gaps(5, 300, 301, 700, 701, 702, 2000);

    assertThat(gaps.take(2)).isEqualTo(300);
    assertThat(gaps.take(1)).isEqualTo(5);
    assertThat(gaps.take(4)).isEqualTo(-1);
    assertThat(gaps.take(1)).isEqualTo(700);
    assertThat(gaps.take(3)).isEqualTo(-1);
    assertThat(gaps.take(2)).isEqualTo(701);
    assertThat(gaps.take(2)).isEqualTo(-1);
    assertThat(gaps.take(1)).isEqualTo(2000);
    assertThat(gaps.take(1)).isEqualTo(-1);
  }
}
