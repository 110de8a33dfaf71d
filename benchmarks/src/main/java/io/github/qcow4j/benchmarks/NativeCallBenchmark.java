package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Providers;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.ZeroMethod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
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
 * What one call costs, on tmpfs, of those that {@code java.nio} has nothing for; {@code portable}
 * is not asked.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 1, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 150, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NativeCallBenchmark {

  private static final int BLOCK_BYTES = 4096;
  private static final int FILE_BYTES = 16 << 20;
  private static final Path DIRECTORY = Path.of("/dev/shm");
  private static final Path FILE =
      DIRECTORY.resolve("qcow4j-native-" + ProcessHandle.current().pid());
  private static final Path OTHER = Path.of(FILE + "-other");
  private static final Path NAMED = Path.of(FILE + "-named");

  @Param({"panama", "jnr"})
  String provider = "panama";

  private Volume volume;
  private BlockFile file;

  /** Makes two files, the first with data. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    volume = Providers.named(provider);
    file = volume.open(FILE, OpenOptions.creatingNew());
    file.write(ByteBuffer.allocateDirect(FILE_BYTES), 0);
    volume.open(OTHER, OpenOptions.creatingNew()).close();
  }

  /** Removes them. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    file.close();
    volume.unlink(FILE);
    volume.unlink(OTHER);
  }

  /** {@code fallocate(2)} with mode 0, of what is reserved already. */
  @Benchmark
  public boolean preallocate() throws IOException {
    return file.preallocate(0, BLOCK_BYTES);
  }

  /** {@code fallocate(2)} with {@code FALLOC_FL_KEEP_SIZE}, of what is reserved already. */
  @Benchmark
  public boolean reserve() throws IOException {
    return file.reserve(0, BLOCK_BYTES);
  }

  /** {@code fallocate(2)} with {@code FALLOC_FL_ZERO_RANGE}, which tmpfs refuses: zeros written. */
  @Benchmark
  public ZeroMethod writeZeroes() throws IOException {
    return file.writeZeroes(0, BLOCK_BYTES, false);
  }

  /** {@code sync_file_range(2)}. */
  @Benchmark
  public boolean startWriteback() throws IOException {
    return file.startWriteback(0, BLOCK_BYTES);
  }

  /** {@code openat(2)}, {@code syncfs(2)}, {@code close(2)}. */
  @Benchmark
  public boolean syncFileSystem() throws IOException {
    return volume.syncFileSystem(DIRECTORY);
  }

  /** {@code renameat2(2)} with {@code RENAME_EXCHANGE}. */
  @Benchmark
  public void exchangeNames() throws IOException {
    volume.rename(FILE, OTHER, RenameMode.EXCHANGE);
  }

  /** Two {@code renameat2(2)} with {@code RENAME_NOREPLACE}: there and back. */
  @Benchmark
  public void renameWithoutReplacing() throws IOException {
    volume.rename(OTHER, NAMED, RenameMode.NO_REPLACE);
    volume.rename(NAMED, OTHER, RenameMode.NO_REPLACE);
  }

  /** {@code openat(2)} with {@code O_TMPFILE} and what an opening takes, {@code close(2)}. */
  @Benchmark
  public void unnamedFile() throws IOException {
    unnamed().close();
  }

  /** The same with {@code linkat(2)} and {@code unlinkat(2)}. */
  @Benchmark
  public void unnamedFileNamed() throws IOException {
    try (BlockFile made = unnamed()) {
      volume.linkUnnamed(made, NAMED);
    }
    volume.unlink(NAMED);
  }

  private BlockFile unnamed() throws IOException {
    return Objects.requireNonNull(volume.createUnnamed(DIRECTORY), "tmpfs has O_TMPFILE");
  }
}
