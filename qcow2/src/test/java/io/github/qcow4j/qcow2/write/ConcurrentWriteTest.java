package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Many threads change one image at once: each its own sectors, which lie between those of all
 * others, so that they meet in every cluster. Nobody finds anything in a sector of its own but what
 * it put there last.
 */
class ConcurrentWriteTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20_261_120L);
  private static final int THREADS = 32;
  private static final int OPERATIONS = Integer.getInteger("qcow4j.concurrent.operations", 300);
  private static final int SIZE = 2 << 20;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cluster_size=512",
        "cluster_size=4k,compat=0.10",
        "cluster_size=4k,refcount_bits=1",
        "cluster_size=64k,lazy_refcounts=on",
        "cluster_size=16k,extended_l2=on",
        "cluster_size=128k,extended_l2=on,compression_type=zstd",
        "cluster_size=2M",
      })
  void everyThreadFindsInItsSectorsWhatItPutThere(String options) throws Exception {
    Workbench bench = Workbench.in(directory);
    byte[] content = Workbench.halfRandomBytes(SIZE, 1);
    bench.file("base.raw", content);
    Path image = bench.path("disk.qcow2");
    bench.qemu().createOverlay(image, options, bench.path("base.raw").toString(), "raw");
    compress(image);
    content = prepared(bench, image, !options.contains("0.10") && !options.contains("bits=1"));
    try (Qcow2Image disk = open(image)) {
      SectorOwner.all(disk, content, THREADS, SEED, OPERATIONS);
      ByteBuffer read = ByteBuffer.allocate(SIZE);
      disk.read(0, read);
      assertThat(Arrays.mismatch(read.array(), content)).as("seed %d", SEED).isEqualTo(-1);
    }
    bench.qemu().assertCheckClean(image);
    Path raw = bench.path("after.raw");
    bench.qemu().convertToRaw(image, raw);
    assertThat(Arrays.mismatch(Files.readAllBytes(raw), content)).as("seed %d", SEED).isEqualTo(-1);
  }

  /** With compressed clusters, zeros, and clusters that a snapshot shares. */
  private static byte[] prepared(Workbench bench, Path image, boolean sharing) throws IOException {
    bench.write(image, "write -P 1 1k 200k", "write -P 2 1M 300k");
    if (sharing) {
      bench.snapshot(image, "s");
    }
    bench.write(image, "write -z 512k 256k");
    Path raw = bench.path("before.raw");
    bench.qemu().convertToRaw(image, raw);
    return Files.readAllBytes(raw);
  }

  /** The last quarter, which repeats itself. */
  private static void compress(Path image) throws IOException {
    try (Qcow2Image disk = open(image)) {
      int clusterSize = disk.header().clusterSize();
      try (ClusterEncoder encoder = ClusterEncoder.of(disk.header().compressionType(), 1)) {
        ByteBuffer stream = ByteBuffer.allocateDirect(clusterSize);
        for (long offset = SIZE - SIZE / 4; offset < SIZE; offset += clusterSize) {
          ByteBuffer cluster = ByteBuffer.allocateDirect(clusterSize);
          while (cluster.hasRemaining()) {
            cluster.put((byte) (offset >>> 12));
          }
          stream.clear().limit(clusterSize - 1);
          if (offset % clusterSize == 0 && encoder.encode(cluster.flip(), stream)) {
            disk.writeCompressed(offset, stream.flip());
          }
        }
      }
    }
  }

  private static Qcow2Image open(Path image) throws IOException {
    return (Qcow2Image)
        DiskImages.open(
            Volumes.host(),
            image,
            ReferencePolicy.allow(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }
}
