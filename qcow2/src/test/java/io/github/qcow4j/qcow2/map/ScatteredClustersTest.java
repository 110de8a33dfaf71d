package io.github.qcow4j.qcow2.map;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An image of which each two neighbours have changed places in the file, half of them as data and
 * half in a hole. The file is not asked about each of those that are data; of a hole it is asked
 * again, since somebody may have written there.
 */
final class ScatteredClustersTest {

  private static final int CLUSTERS = 64;
  private static final int CLUSTER_BYTES = 64 << 10;
  private static final int HALF = CLUSTERS / 2;

  @TempDir private Path directory;

  @Test
  void theFileIsAskedForEachRunOfDataAndNotForEachCluster() throws IOException {
    Path image = scattered();
    TappedVolume tapped = new TappedVolume(Volumes.host());
    List<MapEntry> entries = new ArrayList<>();
    try (DiskImage disk =
        DiskImages.open(
            tapped.volume(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      tapped.forget();
      MapWalk walk = new MapWalk(disk, 0, disk.virtualSize());
      for (MapEntry entry = walk.next(); entry != null; entry = walk.next()) {
        entries.add(entry);
      }
    }
    assertThat(entries).hasSize(CLUSTERS);
    for (int i = 0; i < CLUSTERS; i++) {
      assertThat(entries.get(i).length()).isEqualTo(CLUSTER_BYTES);
      assertThat(entries.get(i).data()).isTrue();
      assertThat(entries.get(i).zero()).as("cluster %d", i).isEqualTo(i >= HALF);
    }
    assertThat(tapped.calls())
        .filteredOn(call -> call.is("nextData"))
        .hasSizeBetween(HALF, HALF + 4);
    assertThat(tapped.calls()).filteredOn(call -> call.is("nextHole")).hasSizeLessThan(4);
  }

  private Path scattered() {
    Path image =
        Workbench.in(directory)
            .image(
                "image.qcow2",
                "preallocation=metadata",
                (long) CLUSTERS * CLUSTER_BYTES,
                "write -P 1 0 " + HALF * CLUSTER_BYTES);
    return ImageSurgeon.operate(
        image,
        surgeon -> {
          long[] entries = new long[CLUSTERS];
          for (int i = 0; i < CLUSTERS; i++) {
            entries[i] = surgeon.l2Entry((long) i * CLUSTER_BYTES);
          }
          for (int i = 0; i < CLUSTERS; i++) {
            surgeon.setL2Entry((long) i * CLUSTER_BYTES, entries[i ^ 1]);
          }
        });
  }
}
