package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Providers;
import io.github.qcow4j.nativeio.AccessPattern;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
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
 * What one call costs through each provider, on tmpfs, where the kernel itself does least. {@code
 * portable} cannot tell holes from data and answers from the length alone; its locks are those of
 * the process, and kept in a table beside them.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 1, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 150, timeUnit = TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ProviderBenchmark {

  private static final int BLOCK_BYTES = 4096;
  private static final int FILE_BYTES = 16 << 20;
  private static final Path DIRECTORY = Path.of("/dev/shm");
  private static final Path FILE =
      DIRECTORY.resolve("qcow4j-provider-" + ProcessHandle.current().pid());
  private static final Path LINK = Path.of(FILE + "-link");
  private static final Path RENAMED = Path.of(FILE + "-renamed");

  @Param({"panama", "jnr", "portable"})
  String provider = "panama";

  private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
  private Volume volume;
  private BlockFile file;
  private long offset;

  /** Makes the file: data, with a hole in the second half. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    volume = Providers.named(provider);
    file = volume.open(FILE, OpenOptions.creatingNew());
    file.write(ByteBuffer.allocateDirect(FILE_BYTES / 2), 0);
    file.truncate(FILE_BYTES);
  }

  /** Removes it. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    file.close();
    volume.unlink(FILE);
  }

  private long nextOffset() {
    offset = (offset + BLOCK_BYTES) % (FILE_BYTES / 2);
    return offset;
  }

  /** {@code pread(2)} of 4 KiB into direct memory. */
  @Benchmark
  public int read4k() throws IOException {
    return file.read(block.clear(), nextOffset());
  }

  /** {@code pwrite(2)} of 4 KiB from direct memory. */
  @Benchmark
  public void write4k() throws IOException {
    file.write(block.clear(), nextOffset());
  }

  /** {@code fdatasync(2)}, which has nothing to do on tmpfs. */
  @Benchmark
  public void sync() throws IOException {
    file.sync();
  }

  /** {@code fsync(2)}, the same. */
  @Benchmark
  public void syncAll() throws IOException {
    file.syncAll();
  }

  /** {@code statx(2)} of an open file. */
  @Benchmark
  public long size() throws IOException {
    return file.size();
  }

  /** {@code statx(2)} of a name. */
  @Benchmark
  public FileStatus status() throws IOException {
    return volume.status(FILE);
  }

  /** Two {@code fcntl(2)}: one byte locked and released. */
  @Benchmark
  public boolean lockAndUnlock() throws IOException {
    boolean locked = file.tryLock(100, 1, LockMode.SHARED);
    file.unlock(100, 1);
    return locked;
  }

  /** {@code lseek(2)} with {@code SEEK_DATA}. */
  @Benchmark
  public long nextData() throws IOException {
    return file.nextData(nextOffset());
  }

  /** {@code lseek(2)} with {@code SEEK_HOLE}. */
  @Benchmark
  public long nextHole() throws IOException {
    return file.nextHole(nextOffset());
  }

  /** {@code fcntl(2)} with {@code F_OFD_GETLK}. */
  @Benchmark
  public boolean lockedByOther() throws IOException {
    return file.lockedByOther(100, 1, LockMode.EXCLUSIVE);
  }

  /** {@code fallocate(2)} with {@code FALLOC_FL_PUNCH_HOLE}, of what is a hole already. */
  @Benchmark
  public boolean punchHole() throws IOException {
    return file.punchHole(FILE_BYTES / 2, BLOCK_BYTES);
  }

  /** {@code copy_file_range(2)} of 4 KiB within the file. */
  @Benchmark
  public CopyResult copy4k() throws IOException {
    return file.copyRange(file, nextOffset(), FILE_BYTES / 2, BLOCK_BYTES);
  }

  /** {@code posix_fadvise(2)}. */
  @Benchmark
  public void advise() throws IOException {
    file.advise(AccessPattern.WILL_NEED, nextOffset(), BLOCK_BYTES);
  }

  /** {@code openat(2)}, {@code statx(2)}, twice {@code fcntl(2)}, {@code close(2)}. */
  @Benchmark
  public void openAndClose() throws IOException {
    volume.open(FILE, OpenOptions.reading()).close();
  }

  /** {@code linkat(2)}, {@code renameat2(2)}, {@code unlinkat(2)}. */
  @Benchmark
  public void linkRenameUnlink() throws IOException {
    volume.link(FILE, LINK);
    volume.rename(LINK, RENAMED, RenameMode.REPLACE);
    volume.unlink(RENAMED);
  }

  /** {@code openat(2)}, {@code fsync(2)}, {@code close(2)} of a directory. */
  @Benchmark
  public void syncDirectory() throws IOException {
    volume.syncDirectory(DIRECTORY);
  }
}
