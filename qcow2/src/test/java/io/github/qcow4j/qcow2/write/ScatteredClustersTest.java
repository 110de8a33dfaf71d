package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An image whose neighbours on the disk stand as far from each other in the file as can be: each is
 * counted in another refcount block than the one before, and there are more of these than are held
 * in memory.
 */
class ScatteredClustersTest {

  private static final int CLUSTER_BITS = 20;
  private static final int BLOCKS = 40;
  private static final int ENTRIES = 4000;

  /** Counters of 64 bits. */
  private static final long CLUSTERS_PER_BLOCK = 1L << (CLUSTER_BITS - 3);

  @TempDir private Path directory;

  @Test
  void eachBlockIsReadAFewTimesAndNotForEachCluster() throws IOException {
    Path image = image();
    TappedVolume tapped = new TappedVolume(Volumes.host());

    try (Qcow2Image disk = open(tapped, image)) {
      disk.createSnapshot("s", Instant.EPOCH);
      disk.applySnapshot(disk.snapshots().getFirst());
      disk.deleteSnapshot(disk.snapshots().getFirst());
    }

    long blocks = tapped.bytesRead() >> CLUSTER_BITS;
    assertThat(blocks).as("clusters read").isBetween((long) BLOCKS, 20L * BLOCKS);
    QemuTools.require().assertCheckClean(image);
  }

  /** A damaged entry: nothing that begins there is a cluster, and the header is counted once. */
  @Test
  void whatLeadsIntoTheHeaderIsRefusedAndNotCounted() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 1 << 20, "write 0 64k");
    ImageSurgeon.operate(image, surgeon -> surgeon.setL2Entry(64 << 10, 0x200));

    try (Qcow2Image disk = open(new TappedVolume(Volumes.host()), image)) {
      assertThatThrownBy(() -> disk.createSnapshot("s", Instant.EPOCH))
          .isInstanceOf(CorruptImageException.class)
          .hasMessage("Data cluster offset 0x200 unaligned");
      assertThat(disk.snapshots()).isEmpty();
    }
    assertHeaderCountedOnce(image);
  }

  private static void assertHeaderCountedOnce(Path image) {
    ImageSurgeon.operate(image, surgeon -> assertThat(surgeon.refcount(0)).isEqualTo(1));
  }

  private Path image() {
    Path image =
        Workbench.in(directory)
            .image("image.qcow2", "cluster_size=1M,refcount_bits=64", 8L << 30, "write 0 1M");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          for (int i = 1; i <= BLOCKS; i++) {
            surgeon.setRefcountTableEntry(i, surgeon.appendCluster());
          }
          surgeon.truncate(((BLOCKS + 1) * CLUSTERS_PER_BLOCK) << CLUSTER_BITS);
          for (int i = 1; i <= ENTRIES; i++) {
            long cluster = (1 + i % BLOCKS) * CLUSTERS_PER_BLOCK + i / BLOCKS;
            surgeon.setRefcount(cluster << CLUSTER_BITS, 1);
            surgeon.setL2Entry(
                (long) i << CLUSTER_BITS, cluster << CLUSTER_BITS | ImageSurgeon.COPIED);
          }
        });
    return image;
  }

  private static Qcow2Image open(TappedVolume volume, Path image) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(volume.volume(), image, ReferencePolicy.allow(), options);
  }
}
