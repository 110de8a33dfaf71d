package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import java.io.IOException;
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
 * Finding clusters in a disk whose every cluster is mapped. The tables of 64 GiB (8 MiB) fit the
 * cache of L2 tables, those of 256 GiB (32 MiB) do not. Run it in half a minute with {@code Lookup
 * -wi 1 -w 1 -i 3 -r 1}.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LookupBenchmark {

  private static final int LOOKUPS = 1000;
  private static final int CLUSTER_BYTES = 64 << 10;

  @Param({"64", "256"})
  int diskGib = 64;

  private final SplittableRandom random = new SplittableRandom(1);
  private Images images;
  private DiskImage disk;
  private long position;

  /** Makes the image. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    images = Images.in(OpenDisk.TEMPORARY, 1L << 20);
    disk = OpenDisk.qcow2(images.mapped((long) diskGib << 30));
  }

  /** Removes it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    disk.close();
    images.close();
  }

  /** One cluster after the other. */
  @Benchmark
  @OperationsPerInvocation(LOOKUPS)
  public long sequential() throws IOException {
    long sum = 0;
    for (int i = 0; i < LOOKUPS; i++) {
      position = position + CLUSTER_BYTES < disk.virtualSize() ? position + CLUSTER_BYTES : 0;
      sum += disk.extentAt(position, CLUSTER_BYTES).hostOffset();
    }
    return sum;
  }

  /** Clusters anywhere. */
  @Benchmark
  @OperationsPerInvocation(LOOKUPS)
  public long random() throws IOException {
    long sum = 0;
    for (int i = 0; i < LOOKUPS; i++) {
      long guestOffset = random.nextLong(disk.virtualSize());
      sum += disk.extentAt(guestOffset, CLUSTER_BYTES).hostOffset();
    }
    return sum;
  }

  /** The extents of the whole disk, joined; a time per disk and not per cluster. */
  @Benchmark
  public int walk() throws IOException {
    ExtentWalk walk = disk.extents(0, disk.virtualSize());
    int extents = 0;
    for (Extent extent = walk.next(); extent != null; extent = walk.next()) {
      extents++;
    }
    return extents;
  }
}
