package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Providers;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.ZeroMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
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
 * What one call costs of those that tmpfs has nothing for: on an XFS in a file on tmpfs. Needs
 * root.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 1, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 150, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SharingCallBenchmark {

  private static final int BLOCK_BYTES = 4096;
  private static final int FILE_BYTES = 1 << 20;
  private static final long DISK_BYTES = 512L << 20;

  @Param({"panama", "jnr"})
  String provider = "panama";

  private final ByteBuffer block =
      ByteBuffer.allocateDirect(2 * BLOCK_BYTES).alignedSlice(BLOCK_BYTES).limit(BLOCK_BYTES);
  private LoopMount disk;
  private Volume volume;
  private BlockFile source;
  private BlockFile target;
  private BlockFile direct;

  /** Makes the file system, and two files of the same length in it. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    disk = LoopMount.make("xfs", Path.of("/dev/shm"), DISK_BYTES);
    volume = Providers.named(provider);
    Path name = disk.directory().resolve("source");
    source = volume.open(name, OpenOptions.creatingNew());
    target = volume.open(disk.directory().resolve("target"), OpenOptions.creatingNew());
    source.write(ByteBuffer.allocateDirect(FILE_BYTES), 0);
    source.syncAll();
    direct = volume.open(name, OpenOptions.reading().withDirectIo(true));
  }

  /** Removes all of it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    direct.close();
    target.close();
    source.close();
    disk.close();
  }

  /** {@code ioctl(2)} with {@code FICLONE}, twice {@code statx(2)}. */
  @Benchmark
  public boolean cloneFile() throws IOException {
    return target.cloneFrom(source);
  }

  /** {@code ioctl(2)} with {@code FICLONERANGE}, of one block. */
  @Benchmark
  public boolean cloneBlock() throws IOException {
    return target.cloneRange(source, 0, 0, BLOCK_BYTES);
  }

  /** {@code ioctl(2)} with a {@code FICLONERANGE} that is refused. */
  @Benchmark
  public boolean canShare() throws IOException {
    return target.canShareWith(source);
  }

  /** {@code fallocate(2)} with {@code FALLOC_FL_ZERO_RANGE}. */
  @Benchmark
  public ZeroMethod zeroRange() throws IOException {
    return target.writeZeroes(0, BLOCK_BYTES, false);
  }

  /** {@code pread(2)} of 4 KiB past the page cache ({@code O_DIRECT}). */
  @Benchmark
  public int readDirect4k() throws IOException {
    return direct.read(block.position(0), 0);
  }

  /** {@code ioctl(2)} with {@code FIFREEZE} and with {@code FITHAW}, each with an opening. */
  @Benchmark
  public boolean freezeAndThaw() throws IOException {
    boolean frozen = volume.freeze(disk.directory());
    return volume.thaw(disk.directory()) && frozen;
  }
}
