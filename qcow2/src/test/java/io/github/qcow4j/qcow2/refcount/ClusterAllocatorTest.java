package io.github.qcow4j.qcow2.refcount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.table.MetadataPages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where free clusters are found, and when what was given back is free again. */
class ClusterAllocatorTest {

  private static final int BITS = 9;
  private static final int CLUSTER = 1 << BITS;
  private static final int PER_BLOCK = CLUSTER / 2;

  private BlockFile file;
  private RefcountStore counts;
  private ClusterAllocator allocator;
  private final List<Run> asked = new ArrayList<>();

  @BeforeEach
  void makeImage() throws IOException {
    file =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withRecording(false))
            .open(Path.of("/image"), OpenOptions.creatingNew());
    use(4);
  }

  private void use(int order) throws IOException {
    MetadataPages blocks = new MetadataPages(file, "refcount block", CLUSTER, 1 << 20);
    blocks.create(CLUSTER);
    long[] table = new long[CLUSTER / 8];
    table[0] = CLUSTER;
    counts = new RefcountStore(file, BITS, CounterCodec.ofOrder(order), 2 * CLUSTER, table, blocks);
    counts.add(0, 3, 1);
    asked.clear();
    allocator =
        new ClusterAllocator(
            file.path(), BITS, counts, (first, count) -> asked.add(new Run(first, count)));
  }

  @AfterEach
  void closeFile() throws IOException {
    file.close();
  }

  @Test
  void theFirstGapIsTakenAsFarAsItGoes() throws IOException {
    counts.add(6, 1, 1);
    assertThat(allocator.allocate(9)).isEqualTo(new Run(3, 3));
    assertThat(asked).containsExactly(new Run(3, 3));
    assertThat(allocator.handedOutEnd()).isEqualTo(6 * CLUSTER);
    assertThat(counts.get(5)).isEqualTo(1);
    assertThat(allocator.allocate(2)).isEqualTo(new Run(7, 2));
    assertThat(allocator.allocate(1)).isEqualTo(new Run(9, 1));
    assertThat(allocator.handedOutEnd()).isEqualTo(10 * CLUSTER);
  }

  @Test
  void clustersThatMustBeTogetherLeaveSmallGapsForOthers() throws IOException {
    counts.add(5, 1, 1);
    assertThat(allocator.allocateContiguous(3)).isEqualTo(new Run(6, 3));
    assertThat(allocator.allocate(5)).isEqualTo(new Run(3, 2));
    assertThat(allocator.allocateContiguous(2)).isEqualTo(new Run(9, 2));
    assertThat(allocator.allocate(1)).isEqualTo(new Run(11, 1));
  }

  @Test
  void theSearchGoesOnBehindTheRunFoundLast() throws IOException {
    assertThat(allocator.allocateContiguous(5)).isEqualTo(new Run(3, 5));
    assertThat(allocator.allocate(1)).isEqualTo(new Run(8, 1));
  }

  @Test
  void behindAFullBlockTheNextOneIsLookedAt() throws IOException {
    assertThat(allocator.allocate(1)).isEqualTo(new Run(3, 1));
    counts.add(4, PER_BLOCK - 4, 1);
    assertThat(allocator.allocate(1)).isEqualTo(new Run(PER_BLOCK + 1, 1));
  }

  @Test
  void aNewBlockTakesTheFirstClusterItCounts() throws IOException {
    Run first = allocator.allocate(PER_BLOCK);
    assertThat(first).isEqualTo(new Run(3, PER_BLOCK - 3));
    assertThat(allocator.allocate(2)).isEqualTo(new Run(PER_BLOCK + 1, 2));
    assertThat(asked).contains(new Run(PER_BLOCK, 1), new Run(PER_BLOCK + 1, 2));
    assertThat(counts.get(PER_BLOCK)).isEqualTo(1);
  }

  @Test
  void aRunLongerThanABlockCountsIsPutBehindItsBlocks() throws IOException {
    assertThat(allocator.allocateContiguous(PER_BLOCK - 1))
        .isEqualTo(new Run(PER_BLOCK + 1, PER_BLOCK - 1));
    asked.clear();
    Run run = allocator.allocateContiguous(2 * PER_BLOCK);
    assertThat(run).isEqualTo(new Run(2 * PER_BLOCK + 3, 2 * PER_BLOCK));
    assertThat(asked).contains(new Run(2 * PER_BLOCK, 3), run);
    for (int i = 0; i < 3; i++) {
      assertThat(counts.get(2 * PER_BLOCK + i)).isEqualTo(1);
      assertThat(counts.blockOffset(2 + i)).isEqualTo((2L * PER_BLOCK + i) * CLUSTER);
    }
    assertThat(counts.get(run.firstCluster() + run.count() - 1)).isEqualTo(1);
    assertThat(counts.get(run.firstCluster() + run.count())).isZero();
    assertThat(allocator.handedOutEnd()).isEqualTo((run.firstCluster() + run.count()) * CLUSTER);
  }

  @Test
  void exactlyAsManyAsABlockCountsNeedTwo() throws IOException {
    assertThat(allocator.allocateContiguous(PER_BLOCK))
        .isEqualTo(new Run(PER_BLOCK + 2, PER_BLOCK));
    assertThat(allocator.allocateContiguous(2 * PER_BLOCK - 2))
        .isEqualTo(new Run(3 * PER_BLOCK + 2, 2 * PER_BLOCK - 2));
  }

  @Test
  void compressedClustersArePackedBehindEachOther() throws IOException {
    assertThat(allocator.allocatePacked(300)).isEqualTo(3 * CLUSTER);
    assertThat(allocator.allocatePacked(212)).as("to the brim").isEqualTo(3 * CLUSTER + 300);
    assertThat(counts.get(3)).isEqualTo(2);
    assertThat(counts.get(4)).isZero();
    assertThat(allocator.allocatePacked(100)).as("a new one").isEqualTo(4 * CLUSTER);
    asked.clear();
    assertThat(allocator.allocatePacked(500)).as("across").isEqualTo(4 * CLUSTER + 100);
    assertThat(asked).containsExactly(new Run(5, 1));
    assertThat(counts.get(4)).isEqualTo(2);
    assertThat(counts.get(5)).isEqualTo(1);
    assertThat(allocator.handedOutEnd()).isEqualTo(6 * CLUSTER);
    counts.add(6, 1, 1);
    assertThat(allocator.allocatePacked(512)).as("the next is taken").isEqualTo(7 * CLUSTER);
    assertThat(allocator.allocatePacked(10)).isEqualTo(8 * CLUSTER);
    allocator.endPacking();
    assertThat(allocator.allocatePacked(10)).isEqualTo(9 * CLUSTER);
  }

  @Test
  void nothingIsPackedIntoTheClusterBehindOneThatIsFull() throws IOException {
    assertThat(allocator.allocatePacked(CLUSTER)).isEqualTo(3 * CLUSTER);
    counts.add(4, 1, 1);
    assertThat(allocator.allocatePacked(10)).isEqualTo(5 * CLUSTER);
    assertThat(counts.get(4)).isEqualTo(1);
  }

  @Test
  void aClusterWhoseCounterIsFullIsNotPackedIntoFurther() throws IOException {
    use(1);
    for (int i = 0; i < 3; i++) {
      assertThat(allocator.allocatePacked(10)).isEqualTo(3 * CLUSTER + i * 10);
    }
    assertThat(allocator.allocatePacked(10)).isEqualTo(4 * CLUSTER);
    assertThat(counts.get(3)).isEqualTo(3);
  }

  @Test
  void packingDoesNotCrossIntoAClusterThatANewBlockTakes() throws IOException {
    allocator.allocate(PER_BLOCK - 4);
    assertThat(allocator.allocatePacked(400)).isEqualTo((PER_BLOCK - 1L) * CLUSTER);
    assertThat(allocator.allocatePacked(400)).isEqualTo((PER_BLOCK + 1L) * CLUSTER);
    assertThat(counts.get(PER_BLOCK)).isEqualTo(1);
    assertThat(counts.get(PER_BLOCK - 1)).isEqualTo(1);
  }

  @Test
  void whatIsFreedLaterIsTakenUntilItIsReleased() throws IOException {
    allocator.allocate(5);
    assertThat(allocator.hasFreed()).isFalse();
    allocator.freeLater(4, 1);
    allocator.freeLater(5, 1);
    allocator.freeLater(3, 1);
    assertThat(allocator.hasFreed()).isTrue();
    assertThat(allocator.allocate(1)).isEqualTo(new Run(8, 1));
    counts.add(4, 1, 1);
    assertThat(allocator.releaseFreed()).containsExactly(new Run(5, 1), new Run(3, 1));
    assertThat(allocator.hasFreed()).isFalse();
    assertThat(counts.get(4)).isEqualTo(1);
    assertThat(allocator.allocate(2)).isEqualTo(new Run(3, 1));
    assertThat(allocator.allocate(2)).isEqualTo(new Run(5, 1));
    assertThat(allocator.releaseFreed()).isEmpty();
  }

  @Test
  void clustersFreedInFallingOrderAreNoRun() throws IOException {
    allocator.allocate(5);
    allocator.freeLater(6, 1);
    allocator.freeLater(5, 1);
    assertThat(allocator.releaseFreed()).containsExactly(new Run(6, 1), new Run(5, 1));
    assertThat(counts.get(7)).isEqualTo(1);
  }

  @Test
  void onlyWhatBecameFreeIsSaidToBe() throws IOException {
    allocator.allocate(3);
    allocator.freeLater(3, 3);
    assertThat(counts.get(6)).as("free before").isZero();
    assertThat(allocator.releaseFreed()).containsExactly(new Run(3, 3));
  }

  @Test
  void whatAnotherDecidesAboutIsNotReleased() throws IOException {
    allocator.allocate(5);
    allocator.freeLater(4, 2);
    allocator.freeLater(6, 1);
    assertThat(allocator.takeFreed()).containsExactly(new Run(4, 3));
    assertThat(allocator.hasFreed()).isFalse();
    assertThat(allocator.releaseFreed()).isEmpty();
    assertThat(counts.get(4)).isEqualTo(1);
  }

  @Test
  void whatNothingPointedToIsFreeAtOnce() throws IOException {
    allocator.allocate(5);
    allocator.giveBack(7);
    allocator.giveBack(4);
    assertThat(allocator.allocate(1)).isEqualTo(new Run(4, 1));
    assertThat(allocator.allocate(1)).isEqualTo(new Run(7, 1));
  }

  @Test
  void packedRoomIsGivenBackFromEveryClusterItTouched() throws IOException {
    allocator.allocatePacked(500);
    long across = allocator.allocatePacked(500);
    assertThat(across).isEqualTo(3 * CLUSTER + 500);
    allocator.giveBackPacked(across, 500);
    assertThat(counts.get(3)).isEqualTo(1);
    assertThat(counts.get(4)).isZero();
    assertThat(allocator.allocate(1)).isEqualTo(new Run(4, 1));
    long own = allocator.allocatePacked(512);
    assertThat(own).as("not behind what was given back").isEqualTo(5 * CLUSTER);
    allocator.giveBackPacked(own, 512);
    assertThat(counts.get(own / CLUSTER)).isZero();
    assertThat(counts.get(own / CLUSTER + 1)).isZero();
    assertThat(allocator.allocate(1)).isEqualTo(new Run(own / CLUSTER, 1));
  }

  @Test
  void clusterZeroIsTheHeadersWhateverItsCounterSays() throws IOException {
    counts.add(0, 3, -1);
    assertThat(allocator.allocate(1)).isEqualTo(new Run(1, 1));
  }

  @Test
  void metadataIsAskedForBeforeACounterChanges() throws IOException {
    ClusterAllocator guarded =
        new ClusterAllocator(
            file.path(),
            BITS,
            counts,
            (first, count) -> {
              throw new CorruptImageException(file.path(), "metadata", "guard", first);
            });
    assertThatThrownBy(() -> guarded.allocate(1)).hasMessage("metadata");
    assertThatThrownBy(() -> guarded.allocateContiguous(PER_BLOCK)).hasMessage("metadata");
    assertThat(counts.get(3)).isZero();
    assertThat(counts.blockOffset(1)).isZero();
    counts.add(3, PER_BLOCK - 3, 1);
    assertThatThrownBy(() -> guarded.allocate(1)).hasMessage("metadata");
    assertThat(counts.blockOffset(1)).isZero();
  }

  @Test
  void noClusterLiesBeyondWhatHostOffsetsReach() {
    MetadataPages blocks = new MetadataPages(file, "refcount block", 1 << 21, 1 << 20);
    RefcountStore large =
        new RefcountStore(file, 21, CounterCodec.ofOrder(4), 2 << 21, new long[1 << 18], blocks);
    ClusterAllocator far = new ClusterAllocator(file.path(), 21, large, (first, count) -> {});
    assertThatThrownBy(() -> far.allocateContiguous(FormatLimits.MAX_HOST_OFFSET >>> 21))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("The image file would become too large");
    assertThat(large.tableEntries()).isEqualTo(1 << 18);
  }

  @Test
  void theLastClusterThatHostOffsetsReachIsTheLastOne() throws IOException {
    // Clusters so large that one block counts all that there can be.
    int bits = Long.numberOfTrailingZeros(FormatLimits.MAX_HOST_OFFSET / PER_BLOCK);
    ClusterAllocator far = new ClusterAllocator(file.path(), bits, counts, (first, count) -> {});
    counts.add(3, PER_BLOCK - 4, 1);
    assertThat(far.allocate(1)).isEqualTo(new Run(PER_BLOCK - 1, 1));
    assertThat(far.handedOutEnd()).isEqualTo(FormatLimits.MAX_HOST_OFFSET);
    assertThatThrownBy(() -> far.allocate(1)).isInstanceOf(LimitExceededException.class);
    assertThat(counts.blockOffset(1)).isZero();
  }
}
