package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compressed clusters that are stored together come to stand as if each was stored by itself. */
class CompressedNeighboursTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 20_261_130L);

  @TempDir private Path directory;

  /**
   * Clusters of 512 bytes come under 64 to an L2 table; of one counted by a single bit no two
   * streams may have bytes.
   */
  @ParameterizedTest
  @CsvSource({
    "'cluster_size=64k', 40",
    "'cluster_size=512', 300",
    "'cluster_size=4k,refcount_bits=1', 60",
    "'cluster_size=16k,extended_l2=on', 40",
    "'cluster_size=64k,compat=0.10', 40"
  })
  void theImageIsTheSameAsByOneStreamAfterTheOther(String options, int clusters) throws Exception {
    Workbench bench = Workbench.in(directory);
    Random random = new Random(SEED);
    Path single = bench.image("single.qcow2", options, 4 << 20, "write -P 1 5k 70k");
    Path together = bench.copy(single, "together.qcow2");

    List<byte[]> streams = new ArrayList<>();
    int clusterSize = clusterSize(single);
    for (int i = 0; i < clusters; i++) {
      streams.add(random.nextInt(4) == 0 ? new byte[0] : stream(random, clusterSize));
    }
    try (Qcow2Image disk = open(Volumes.host(), single)) {
      for (int i = 0; i < clusters; i++) {
        if (streams.get(i).length > 0) {
          disk.writeCompressed((3L + i) * clusterSize, ByteBuffer.wrap(streams.get(i)));
        }
      }
    }
    try (Qcow2Image disk = open(Volumes.host(), together)) {
      disk.writeCompressed(3L * clusterSize, lengths(streams), joined(streams));
    }

    assertThat(Files.mismatch(together, single)).as("seed %d", SEED).isEqualTo(-1);
    bench.qemu().assertCheckClean(together);
  }

  @Test
  void streamsOneBehindTheOtherAreOneWrite() throws Exception {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("disk.qcow2", "", 8 << 20, "write -P 1 7M 64k");
    Random random = new Random(SEED);
    List<byte[]> streams = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      streams.add(i % 5 == 0 ? new byte[0] : stream(random, 64 << 10));
    }
    ByteBuffer joined = joined(streams);
    long bytes = joined.remaining();
    TappedVolume tapped = new TappedVolume(Volumes.host());

    try (Qcow2Image disk = open(tapped.volume(), image)) {
      tapped.forget();
      disk.writeCompressed(0, lengths(streams), joined);
      assertThat(tapped.calls().stream().filter(call -> call.is("write")))
          .extracting(TappedVolume.Call::lengthBytes)
          .containsExactly(bytes);
    }

    bench.qemu().assertCheckClean(image);
  }

  @Test
  void whatIsNotTheLengthsOfTheStreamsIsRefused() throws Exception {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("disk.qcow2", "", 1 << 20, "write -P 1 0 100k");
    byte[] before = Files.readAllBytes(image);

    try (Qcow2Image disk = open(Volumes.host(), image)) {
      assertRefused(disk, 0, new int[] {40, 40}, 79);
      assertRefused(disk, 0, new int[] {40, 40}, 81);
      assertRefused(disk, 0, new int[] {65_536}, 65_536);
      assertRefused(disk, 0, new int[] {50, -10}, 40);
      assertRefused(disk, 512, new int[] {40}, 40);
      assertThatThrownBy(() ->
              disk.writeCompressed(
                  (1 << 20) - (64 << 10),
                  IntBuffer.wrap(new int[] {40, 40}),
                  ByteBuffer.allocate(80)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }

    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  private static void assertRefused(Qcow2Image disk, long guestOffset, int[] lengths, int bytes) {
    ByteBuffer streams = ByteBuffer.allocate(bytes);
    assertThatThrownBy(() -> disk.writeCompressed(guestOffset, IntBuffer.wrap(lengths), streams))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(streams.remaining()).isEqualTo(bytes);
  }

  private static byte[] stream(Random random, int clusterSize) {
    byte[] cluster = new byte[clusterSize];
    random.nextBytes(cluster);
    // The first part, of any length, compresses to almost nothing.
    int plain = clusterSize / 4 + random.nextInt(clusterSize / 2);
    for (int i = 0; i < plain; i++) {
      cluster[i] = 7;
    }
    byte[] room = new byte[clusterSize];
    try (Deflater deflater = new Deflater(1, true)) {
      deflater.setInput(cluster);
      deflater.finish();
      return Arrays.copyOf(room, deflater.deflate(room));
    }
  }

  private static IntBuffer lengths(List<byte[]> streams) {
    return IntBuffer.wrap(streams.stream().mapToInt(stream -> stream.length).toArray());
  }

  private static ByteBuffer joined(List<byte[]> streams) {
    ByteBuffer all = ByteBuffer.allocate(streams.stream().mapToInt(each -> each.length).sum());
    streams.forEach(all::put);
    return all.flip();
  }

  private static int clusterSize(Path image) throws IOException {
    try (Qcow2Image disk = open(Volumes.host(), image)) {
      return disk.header().clusterSize();
    }
  }

  private static Qcow2Image open(Volume volume, Path image) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(volume, image, ReferencePolicy.allow(), options);
  }
}
