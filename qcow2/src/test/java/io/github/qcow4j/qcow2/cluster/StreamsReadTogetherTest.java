package io.github.qcow4j.qcow2.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.TappedVolume.Call;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compressed streams that stand together are read together, as far as that can be read. */
final class StreamsReadTogetherTest {

  private static final int CLUSTERS = 64;
  private static final int CLUSTER_BYTES = 64 << 10;

  @TempDir private Path directory;
  private byte[] content = {};
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    content = new byte[CLUSTERS * CLUSTER_BYTES];
    Random random = new Random(11);
    for (int i = 0; i < content.length; i++) {
      content[i] = (byte) (i % 3 == 0 ? random.nextInt() : 7);
    }
    Path raw = Files.write(directory.resolve("raw"), content);
    image = directory.resolve("image.qcow2");
    Workbench.in(directory)
        .qemu()
        .img("convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), image.toString())
        .orFail();
  }

  @Test
  void clustersInOrderNeedFewReads() throws IOException {
    TappedVolume tapped = new TappedVolume(Volumes.host());
    readAll(tapped, 0, 1);
    assertThat(streamReads(tapped)).isLessThan(CLUSTERS / 3);
  }

  @Test
  void clustersThatTakeTurnsNeedFewReads() throws IOException {
    TappedVolume tapped = new TappedVolume(Volumes.host());
    readAll(tapped, 1, 1);
    assertThat(streamReads(tapped)).isLessThan(CLUSTERS / 2);
  }

  @Test
  void clustersFarFromEachOtherAreReadByThemselves() throws IOException {
    TappedVolume tapped = new TappedVolume(Volumes.host());
    readAll(tapped, 0, 17);
    assertThat(tapped.calls())
        .filteredOn(Call::reads)
        .allMatch(call -> call.lengthBytes() <= CLUSTER_BYTES + 512);
  }

  @Test
  void whereMoreCannotBeReadTheStreamAloneIs() throws IOException {
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              if (call.reads() && call.lengthBytes() > 2 * CLUSTER_BYTES) {
                throw new IOException("what nobody asked for");
              }
            });
    readAll(tapped, 0, 1);
    assertThat(streamReads(tapped)).isBetween((long) CLUSTERS, CLUSTERS + 20L);
    assertThat(tapped.calls())
        .filteredOn(Call::reads)
        .anyMatch(call -> call.lengthBytes() > 2 * CLUSTER_BYTES);
  }

  /** Reads all clusters, each in the place that is so many steps on, or the neighbour's. */
  private void readAll(TappedVolume tapped, int exchange, int step) throws IOException {
    try (DiskImage disk =
        DiskImages.open(
            tapped.volume(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      ByteBuffer cluster = ByteBuffer.allocateDirect(CLUSTER_BYTES);
      disk.read(0, cluster);
      tapped.forget();
      for (int i = 1; i <= CLUSTERS; i++) {
        int index = ((i * step) % CLUSTERS) ^ exchange;
        disk.read((long) index * CLUSTER_BYTES, cluster.clear());
        assertThat(cluster.flip())
            .isEqualTo(ByteBuffer.wrap(content, index * CLUSTER_BYTES, CLUSTER_BYTES));
      }
    }
  }

  private static long streamReads(TappedVolume tapped) {
    return tapped.calls().stream().filter(Call::reads).count();
  }
}
