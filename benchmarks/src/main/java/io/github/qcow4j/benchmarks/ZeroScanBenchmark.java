package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertResult;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
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
 * Looking for zeros: 128 MiB converted to nowhere, once without looking and once for blocks of 4
 * KiB. The difference is the scan. Run it in ten seconds with {@code ZeroScan -wi 1 -w 1 -i 3 -r
 * 1}.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class ZeroScanBenchmark {

  @Param({"0", "4096"})
  int sparseBytes = 4096;

  /** Real content, or zeros that are stored as data. */
  @Param({"content", "zeros"})
  String data = "content";

  private Images images;
  private DiskImage disk;

  /** Makes the image. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    images = Images.in(OpenDisk.TEMPORARY, 128L << 20);
    disk = OpenDisk.of(data.equals("zeros") ? images.zeros() : images.raw(), ImageFormat.RAW);
  }

  /** Removes it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    disk.close();
    images.close();
  }

  /** Converts on one thread. */
  @Benchmark
  public ConvertResult convert() throws IOException {
    return Conversion.run(
        List.of(disk),
        new Nowhere(),
        new ConvertOptions(1, sparseBytes, false, 0),
        new JobControl(),
        (offset, length, cause) -> {});
  }

  private static final class Nowhere implements ConvertTarget {

    @Override
    public boolean readsAsZeros() {
      return true;
    }

    @Override
    public boolean inOrder() {
      return false;
    }

    @Override
    public void write(long guestOffset, ByteBuffer source) {
      source.position(source.limit());
    }

    @Override
    public void writeZeroes(long guestOffset, long lengthBytes) {}

    @Override
    public void complete() {}

    @Override
    public void close() {}
  }
}
