package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.qcow2.DiskImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Opening and closing: header, snapshot table, locks, and the same of each layer below. Run it in
 * ten seconds with {@code Open -wi 1 -w 1 -i 3 -r 1}.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class OpenBenchmark {

  @Param({"plain", "chain"})
  String image = "plain";

  private Images images;
  private Path path;

  /** Makes the image. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    images = Images.in(OpenDisk.TEMPORARY, 64L << 20);
    path = image.equals("chain") ? images.chain() : images.plain();
  }

  /** Removes it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    images.close();
  }

  /** Opens and closes. */
  @Benchmark
  public long open() throws IOException {
    try (DiskImage disk = OpenDisk.qcow2(path)) {
      return disk.virtualSize();
    }
  }
}
