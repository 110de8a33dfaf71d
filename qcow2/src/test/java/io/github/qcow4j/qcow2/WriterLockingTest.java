package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who writes to an image is alone with it: against QEMU, other processes and other threads, through
 * every provider.
 */
@SuppressWarnings("try") // What is held open is not otherwise used.
class WriterLockingTest {

  private static final int SIZE = 1 << 20;
  private static final int THREADS = 4;
  private static final int ATTEMPTS = 40;

  @TempDir private Path directory;
  private Workbench bench;
  private Path image;

  static List<Volume> volumes() {
    return Volumes.providers();
  }

  @BeforeEach
  void prepare() {
    bench = Workbench.in(directory);
    image = bench.image("disk.qcow2", "", SIZE, "write -P 66 0 1M");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void whileQemuWritesToAnImageOurWritersRefuse(Volume volume) throws IOException {
    try (HeldImage held = HeldImage.open(image, "qcow2")) {
      assertRefused(volume);
      assertThatThrownBy(() -> ImageCreation.create(volume, image, ImageSpec.ofSize(SIZE)))
          .isInstanceOf(ImageInUseException.class);
    }
    writeSomething(volume);
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void whileQemuReadsAnImageOurWritersRefuse(Volume volume) throws IOException {
    try (HeldImage held = HeldImage.open(image, "qcow2", "-r")) {
      assertRefused(volume);
    }
    writeSomething(volume);
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void anImageThatAKilledQemuHadOpenIsFree(Volume volume) throws Exception {
    try (HeldImage held = HeldImage.open(image, "qcow2")) {
      assertRefused(volume);
      held.kill();
      writeSomething(volume);
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void whileWeWriteQemuNeitherReadsNorWrites(Volume volume) throws IOException {
    try (DiskImage disk = open(volume)) {
      assertQemuRefuses("-c", "write 0 512");
      assertQemuRefuses("-r", "-c", "read 0 512");
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
      assertQemuRefuses("-c", "write 0 512");
      bench.qemu().img("info", "-U", image.toString()).orFail();
    }
    bench.write(image, "write -P 1 0 64k");
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void theWritersOfTwoProcessesExcludeEachOther(Volume volume) throws Exception {
    String provider = volume.provider().name();
    try (WriterProcess other = WriterProcess.start(provider, image)) {
      assertThat(other.answer()).isEqualTo("open");
      assertRefused(volume);
      assertQemuRefuses("-c", "write 0 512");
    }
    try (DiskImage disk = open(volume)) {
      try (WriterProcess other = WriterProcess.start(provider, image)) {
        assertThat(other.answer()).contains("ImageInUseException");
      }
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
    }
    try (WriterProcess other = WriterProcess.start(provider, image)) {
      assertThat(other.answer()).isEqualTo("open");
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void aKilledWriterLeavesNoLock(Volume volume) throws Exception {
    try (WriterProcess other = WriterProcess.start(volume.provider().name(), image)) {
      assertThat(other.answer()).isEqualTo("open");
      assertRefused(volume);
      other.kill();
      writeSomething(volume);
      bench.qemu().assertCheckClean(image);
    }
  }

  @ParameterizedTest
  @MethodSource("volumes")
  void ofTheThreadsOfOneProcessOneWritesAtATime(Volume volume) throws Exception {
    AtomicInteger writers = new AtomicInteger();
    AtomicInteger opened = new AtomicInteger();
    try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> threads = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        threads.add(
            executor.submit(() -> {
              for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                writeUnlessInUse(volume, writers, opened);
              }
              return null;
            }));
      }
      for (Future<?> thread : threads) {
        thread.get();
      }
    }
    // Those who race may all be refused; the last one that tries is alone.
    writeUnlessInUse(volume, writers, opened);
    assertThat(opened.get()).isPositive();
    bench.qemu().assertCheckClean(image);
  }

  private void writeUnlessInUse(Volume volume, AtomicInteger writers, AtomicInteger opened)
      throws IOException {
    try (DiskImage disk = open(volume)) {
      assertThat(writers.incrementAndGet()).isEqualTo(1);
      opened.incrementAndGet();
      disk.write(0, ByteBuffer.wrap(new byte[] {1}));
      assertThat(writers.decrementAndGet()).isZero();
    } catch (ImageInUseException e) {
      // Another thread has it.
    }
  }

  private void assertRefused(Volume volume) {
    assertThatThrownBy(() -> open(volume)).isInstanceOf(ImageInUseException.class);
  }

  private void assertQemuRefuses(String... arguments) {
    List<String> all = new ArrayList<>(List.of("-f", "qcow2"));
    all.addAll(List.of(arguments));
    all.add(image.toString());
    ToolRun run = bench.qemu().ioRaw(all);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).contains("Failed to get").contains("lock");
  }

  private void writeSomething(Volume volume) throws IOException {
    try (DiskImage disk = open(volume)) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }
  }

  private DiskImage open(Volume volume) throws IOException {
    return DiskImages.open(volume, image, ReferencePolicy.allow(), QCOW2.withWriting());
  }
}
