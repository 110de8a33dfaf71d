package io.github.qcow4j.benchmarks;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * Making an overlay, durable on return, and writing for the first time to clusters that its backing
 * file holds: with 4 KiB the rest of the cluster is copied, with 64 KiB nothing is. Run it in a
 * minute with {@code Overlay -wi 1 -w 1 -i 3 -r 1}.
 */
@BenchmarkMode(Mode.AverageTime)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up first
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class OverlayBenchmark {

  private static final int CLUSTERS = 1000;
  private static final int CLUSTER_BYTES = 65536;

  /** What is written into each cluster. */
  @Param({"4096", "65536"})
  int writeBytes = 4096;

  private final Volume volume = Volumes.host();
  private Images images;
  private Path backing;
  private long sizeBytes;
  private Path overlay;
  private @Nullable DiskImage disk;
  private ByteBuffer buffer;

  /** Makes the backing file. */
  @Setup(Level.Trial)
  public void make() throws IOException {
    images = Images.in(OpenDisk.TEMPORARY, 128L << 20);
    backing = images.plain();
    sizeBytes = images.sizeBytes();
    overlay = images.directory().resolve("overlay.qcow2");
    buffer = ByteBuffer.allocateDirect(writeBytes);
  }

  /** A new overlay for each thousand writes. */
  @Setup(Level.Invocation)
  public void renew() throws IOException {
    close();
    createOverlay();
    disk =
        DiskImages.open(
            volume,
            overlay,
            ReferencePolicy.allow(),
            ImageOptions.of(ImageFormat.QCOW2).withWriting());
  }

  private void close() throws IOException {
    if (disk != null) {
      disk.close();
    }
    Files.deleteIfExists(overlay);
  }

  /** Removes it all. */
  @TearDown(Level.Trial)
  public void remove() throws IOException {
    close();
    images.close();
  }

  private Path createOverlay() throws IOException {
    ImageSpec spec = ImageSpec.ofSize(sizeBytes).withBacking(backing.toString(), "qcow2");
    ImageCreation.create(volume, overlay, spec);
    return overlay;
  }

  /** First writes to clusters, one after the other; nothing is synced. */
  @Benchmark
  @OperationsPerInvocation(CLUSTERS)
  public DiskImage copyOnWrite() throws IOException {
    DiskImage open = Objects.requireNonNull(disk);
    for (long cluster = 0; cluster < CLUSTERS; cluster++) {
      open.write(cluster * CLUSTER_BYTES, buffer.clear());
    }
    return open;
  }

  /** Creation, and removal for the next one. */
  @Benchmark
  public boolean create() throws IOException {
    close();
    disk = null;
    return Files.deleteIfExists(createOverlay());
  }
}
