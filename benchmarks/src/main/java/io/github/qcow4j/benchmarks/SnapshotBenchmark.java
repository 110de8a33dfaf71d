package io.github.qcow4j.benchmarks;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A snapshot of a stopped box beside the syncs that it cannot do without, each with one page to
 * store: that of the new disk, those of the two directories whose names change, and those of the
 * two commits. Compare {@code p0.50}. What is synced is of the kind that it is in a home: a log
 * that grows and is begun anew, new files, directories with new names. {@code
 * -Dqcow4j.benchmark.directory} chooses the file system. Run it in half a minute with {@code
 * Snapshot -f 1 -wi 2 -w 2 -i 3 -r 3}.
 */
@BenchmarkMode(Mode.SampleTime)
@Fork(3)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SnapshotBenchmark {

  private static final Path PARENT =
      Path.of(System.getProperty("qcow4j.benchmark.directory", OpenDisk.TEMPORARY.toString()));

  private static final int PAGE_BYTES = 4096;

  /** SQLite begins its log anew after so many pages. */
  private static final int LOG_PAGES = 1000;

  private final Volume volume = Volumes.host();
  private Path directory;
  private BoxHome home;
  private BlockFile log;
  private int number;
  private long logPage;

  /** Makes the box, and the files that are synced. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    directory = Files.createTempDirectory(PARENT, "qcow4j-benchmark");
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
    home.create(
        new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, 10L << 30))),
        new JobControl());
    volume.createDirectory(directory.resolve("disks"));
    volume.createDirectory(directory.resolve("layers"));
    log = volume.open(directory.resolve("log"), OpenOptions.creatingNew());
    newFile(directory.resolve("disks/live"));
  }

  /** Removes it all. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    log.close();
    home.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** The snapshot. */
  @Benchmark
  public Object snapshot() throws IOException {
    number++;
    return home.snapshot("web", "s" + number, "");
  }

  /** The syncs. */
  @Benchmark
  public void bareSyncs() throws IOException {
    number++;
    Path disks = directory.resolve("disks");
    Path layers = directory.resolve("layers");
    Path live = disks.resolve("live");
    Path next = disks.resolve("next");
    commit();
    newFile(next);
    volume.link(live, layers.resolve("layer" + number));
    volume.syncDirectory(layers);
    volume.rename(next, live, RenameMode.REPLACE);
    volume.syncDirectory(disks);
    commit();
  }

  private void commit() throws IOException {
    log.write(ByteBuffer.allocate(PAGE_BYTES), logPage * PAGE_BYTES);
    log.sync();
    logPage = (logPage + 1) % LOG_PAGES;
  }

  private void newFile(Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.allocate(PAGE_BYTES), 0);
      file.syncAll();
    }
  }
}
