package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.qcow2.DiskImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading guest data from the page cache, a thousand clusters per invocation: plain clusters, zlib
 * and zstd clusters, and plain ones through a chain of four. Run it in a minute with {@code Read
 * -wi 1 -w 1 -i 3 -r 1}; {@code -p image=zlib} for one kind alone.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ReadBenchmark {

  private static final int READS = 1000;

  @Param({"plain", "chain", "zlib", "zstd"})
  String image = "plain";

  /** 64 KiB is one cluster. */
  @Param({"4096", "65536"})
  int readBytes = 65536;

  private final SplittableRandom random = new SplittableRandom(2);
  private Images images;
  private DiskImage disk;
  private ByteBuffer buffer;
  private long position;

  /** Makes the image. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    images = Images.in(OpenDisk.TEMPORARY, 128L << 20);
    disk =
        OpenDisk.qcow2(
            switch (image) {
              case "plain" -> images.plain();
              case "chain" -> images.chain();
              case "zlib" -> images.zlib();
              case "zstd" -> images.zstd();
              default -> throw new IllegalArgumentException(image);
            });
    buffer = ByteBuffer.allocateDirect(readBytes);
  }

  /** Removes it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    disk.close();
    images.close();
  }

  /** One read after the other. */
  @Benchmark
  @OperationsPerInvocation(READS)
  public ByteBuffer sequential() throws IOException {
    for (int i = 0; i < READS; i++) {
      disk.read(position, buffer.clear());
      position = (position + readBytes) % disk.virtualSize();
    }
    return buffer;
  }

  /** Reads anywhere. */
  @Benchmark
  @OperationsPerInvocation(READS)
  public ByteBuffer random() throws IOException {
    for (int i = 0; i < READS; i++) {
      disk.read(random.nextLong(disk.virtualSize() / readBytes) * readBytes, buffer.clear());
    }
    return buffer;
  }
}
