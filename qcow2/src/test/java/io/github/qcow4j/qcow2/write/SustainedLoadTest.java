package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Round after round, 32 threads change one image; then somebody alone makes, applies or deletes a
 * snapshot, or changes the bitmaps, and the image is closed and opened again. It holds what a model
 * of it holds, stays clean, and nothing is left open or running, in memory or beside it.
 *
 * <p>{@code -Dqcow4j.load.seconds=180} goes on for three minutes, {@code -Dqcow4j.seed} sets the
 * seed.
 */
class SustainedLoadTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 32L);
  private static final long SECONDS = Long.getLong("qcow4j.load.seconds", 0);
  private static final int ROUNDS = 6;
  private static final int THREADS = 32;
  private static final int OPERATIONS = 100;
  private static final int SIZE = 8 << 20;
  private static final int MOST_SNAPSHOTS = 4;
  private static final int ROUNDS_PER_CHECK = 5;
  private static final String BITMAP = "b";

  @TempDir private Path directory;

  private final Random random = new Random(SEED);
  private final byte[] content = new byte[SIZE];
  private final Map<String, byte[]> frozen = new HashMap<>();

  @Test
  void anImageHoldsWhatItsModelHoldsHoweverLongItIsChanged() throws Exception {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("disk.qcow2", "cluster_size=16k,lazy_refcounts=on", SIZE);
    LeakWatch watch = new LeakWatch(directory);
    long end = System.nanoTime() + SECONDS * 1_000_000_000L;
    int rounds = 0;
    while (SECONDS > 0 ? System.nanoTime() < end : rounds < ROUNDS) {
      try (Qcow2Image disk = WritableImage.open(image)) {
        SectorOwner.all(disk, content, THREADS, SEED + 1000L * rounds, OPERATIONS);
        changeAlone(disk, rounds);
        assertHolds(disk, rounds);
      }
      if (rounds == 0) {
        // What is kept for the next use is no leak; from here on it stays as much.
        watch = new LeakWatch(directory);
      }
      watch.assertNothingIsLeft();
      rounds++;
      if (rounds % ROUNDS_PER_CHECK == 0) {
        bench.qemu().assertCheckClean(image);
      }
    }
    bench.qemu().assertCheckClean(image);
    System.out.printf(
        "load, seed %d: %d rounds, %d operations of %d threads%n",
        SEED, rounds, (long) rounds * THREADS * OPERATIONS, THREADS);
  }

  private void changeAlone(Qcow2Image disk, int round) throws IOException {
    List<InternalSnapshot> snapshots = disk.snapshots();
    switch (random.nextInt(4)) {
      case 0 -> {
        boolean has = !disk.bitmaps().isEmpty();
        disk.changeBitmaps(
            List.of(has ? new BitmapChange.Remove(BITMAP) : new BitmapChange.Add(BITMAP, 0)));
      }
      case 1 -> {
        if (!snapshots.isEmpty() && disk.bitmaps().isEmpty()) {
          InternalSnapshot wanted = snapshots.get(random.nextInt(snapshots.size()));
          disk.applySnapshot(wanted);
          System.arraycopy(frozen.get(wanted.name()), 0, content, 0, SIZE);
        }
      }
      default -> {
        if (snapshots.size() == MOST_SNAPSHOTS) {
          InternalSnapshot unwanted = snapshots.get(random.nextInt(MOST_SNAPSHOTS));
          disk.deleteSnapshot(unwanted);
          frozen.remove(unwanted.name());
        }
        frozen.put("s" + round, content.clone());
        InternalSnapshot _ = disk.createSnapshot("s" + round, Instant.EPOCH);
      }
    }
  }

  private void assertHolds(Qcow2Image disk, int round) throws IOException {
    ByteBuffer read = ByteBuffer.allocate(SIZE);
    disk.read(0, read);
    assertThat(Arrays.mismatch(read.array(), content))
        .as("seed %d, round %d", SEED, round)
        .isEqualTo(-1);
  }
}
