package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads read one open chain; each gets the bytes that are there. */
class ConcurrentReadTest {

  private static final int SIZE = 8 << 20;
  private static final int THREADS = 16;
  private static final int READS = 400;

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"zlib", "zstd"})
  void sixteenThreadsReadRandomRangesOfACompressedChain(String codec) throws Exception {
    Path top = chain(codec);
    byte[] content = contentByQemu(top);
    long seed = Long.getLong("qcow4j.seed", System.nanoTime());
    System.out.println("ConcurrentReadTest: -Dqcow4j.seed=" + seed);
    SplittableRandom seeds = new SplittableRandom(seed);
    try (DiskImage disk = open(top);
        ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> readers = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        SplittableRandom random = seeds.split();
        readers.add(
            executor.submit(() -> {
              readRandomRanges(disk, content, random);
              return null;
            }));
      }
      for (Future<?> reader : readers) {
        reader.get();
      }
    }
  }

  private Path chain(String codec) {
    Workbench bench = Workbench.in(directory);
    bench.file("data", Workbench.halfRandomBytes(999_983, 1));
    String compressed = "compression_type=" + codec + ",cluster_size=";
    bench.image("base.qcow2", compressed + "64k", SIZE, "write -c -s data 0 8M");
    bench.overlay(
        "middle.qcow2",
        compressed + "4k",
        "base.qcow2",
        "write -c -s data 1M 700k",
        "write -z 3M 50k",
        "write -P 4 5000000 70000");
    return bench.overlay("top.qcow2", compressed + "2M", "middle.qcow2", "write -c -s data 4M 2M");
  }

  private static void readRandomRanges(DiskImage disk, byte[] content, SplittableRandom random)
      throws IOException {
    for (int i = 0; i < READS; i++) {
      int from = random.nextInt(SIZE);
      int length = 1 + random.nextInt(Math.min(SIZE - from, 1 << random.nextInt(1, 20)));
      ByteBuffer buffer =
          random.nextBoolean() ? ByteBuffer.allocate(length) : ByteBuffer.allocateDirect(length);
      disk.read(from, buffer);
      assertThat(buffer.flip().mismatch(ByteBuffer.wrap(content, from, length)))
          .as("%d bytes at %d", length, from)
          .isNegative();
    }
  }
}
