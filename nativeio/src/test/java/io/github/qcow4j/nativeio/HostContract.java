package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a provider does on a real host: other processes, threads, devices, FIFOs. */
abstract class HostContract {

  @TempDir Path directory;

  protected abstract String provider();

  private Volume volume() {
    return HostGround.provider(provider());
  }

  private Path make(String name, byte[] content) throws IOException {
    return Files.write(directory.resolve(name), content);
  }

  @Test
  void locksExcludeOtherProcesses() throws IOException {
    Path path = make("image", new byte[10]);
    try (BlockFile file = volume().open(path, OpenOptions.writing());
        LockingProcess other = LockingProcess.start(provider(), path)) {
      assertThat(file.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(other.lockedByOther(100, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.lockedByOther(100, 1, LockMode.SHARED)).isFalse();
      assertThat(other.tryLock(100, 1, LockMode.EXCLUSIVE)).isFalse();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(file.lockedByOther(100, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(file.tryLock(100, 1, LockMode.EXCLUSIVE)).isFalse();
      assertThat(other.tryLock(100, 1, LockMode.EXCLUSIVE)).isFalse();
      other.unlock(100, 1);
      assertThat(file.lockedByOther(100, 1, LockMode.EXCLUSIVE)).isFalse();
      assertThat(file.tryLock(100, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isFalse();
      assertThat(file.tryLock(100, 1, LockMode.SHARED)).isTrue();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isTrue();
    }
  }

  @Test
  void closingAnotherOpeningDropsNoLockThatOtherProcessesSee() throws IOException {
    Path path = make("image", new byte[10]);
    Volume volume = volume();
    try (BlockFile file = volume.open(path, OpenOptions.writing());
        LockingProcess other = LockingProcess.start(provider(), path)) {
      assertThat(file.tryLock(100, 2, LockMode.EXCLUSIVE)).isTrue();
      volume.open(path, OpenOptions.reading()).close();
      volume.open(path, OpenOptions.writing()).close();
      try (BlockFile second = volume.open(path, OpenOptions.reading())) {
        assertThat(second.tryLock(101, 1, LockMode.SHARED)).isFalse();
        assertThat(second.tryLock(102, 1, LockMode.SHARED)).isTrue();
      }

      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isFalse();
      assertThat(other.tryLock(101, 1, LockMode.SHARED)).isFalse();
      assertThat(other.tryLock(102, 1, LockMode.EXCLUSIVE)).isTrue();
    }
  }

  @Test
  void aKilledProcessLeavesNoLock() throws Exception {
    Path path = make("image", new byte[10]);
    try (BlockFile file = volume().open(path, OpenOptions.writing());
        LockingProcess other = LockingProcess.start(provider(), path)) {
      assertThat(other.tryLock(0, 1000, LockMode.EXCLUSIVE)).isTrue();
      assertThat(file.tryLock(5, 1, LockMode.SHARED)).isFalse();
      other.kill();
      assertThat(file.tryLock(0, 1000, LockMode.EXCLUSIVE)).isTrue();
    }
  }

  @Test
  void anInterruptNeitherAbortsACallNorClosesTheFileNorLosesItsLocks() throws Exception {
    byte[] content = Bytes.random(1 << 20, 1);
    Path path = make("image", content);
    BlockFile file = volume().open(path, OpenOptions.writing());
    try (LockingProcess other = LockingProcess.start(provider(), path)) {
      assertThat(file.tryLock(100, 1, LockMode.EXCLUSIVE)).isTrue();
      AtomicBoolean done = new AtomicBoolean();
      AtomicInteger seen = new AtomicInteger();
      List<Throwable> failures = new ArrayList<>();
      Thread reader =
          new Thread(() -> {
            try {
              for (int i = 0; i < 300; i++) {
                assertThat(Bytes.read(file, 0, content.length)).isEqualTo(content);
                Bytes.write(file, Arrays.copyOf(content, 4096), 0);
                file.sync();
                file.size();
                file.nextData(0);
                if (Thread.interrupted()) {
                  seen.incrementAndGet();
                }
              }
            } catch (Throwable e) {
              failures.add(e);
            } finally {
              done.set(true);
            }
          });
      reader.start();
      while (!done.get()) {
        reader.interrupt();
        Thread.onSpinWait();
      }
      reader.join();

      assertThat(failures).isEmpty();
      assertThat(seen.get()).isPositive();
      assertThat(other.tryLock(100, 1, LockMode.SHARED)).isFalse();
      Thread.currentThread().interrupt();
      assertThat(file.tryLock(101, 1, LockMode.EXCLUSIVE)).isTrue();
      assertThat(volume().exists(path)).isTrue();
      volume().syncDirectory(directory);
      file.close();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(other.tryLock(100, 2, LockMode.EXCLUSIVE)).isTrue();
    }
  }

  @Test
  void closingWaitsForCallsUnderWay() throws Exception {
    byte[] content = Bytes.random(1 << 20, 2);
    Path path = make("image", content);
    for (int round = 0; round < 20; round++) {
      BlockFile file = volume().open(path, OpenOptions.writing());
      int threads = 4;
      CountDownLatch started = new CountDownLatch(threads);
      try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
        List<Future<Integer>> readers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
          readers.add(executor.submit(() -> readUntilClosed(file, content, started)));
        }
        started.await();
        file.close();
        int reads = 0;
        for (Future<Integer> reader : readers) {
          reads += reader.get();
        }
        assertThat(reads).isGreaterThanOrEqualTo(threads);
      }
    }
  }

  private static int readUntilClosed(BlockFile file, byte[] content, CountDownLatch started)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(content.length);
    for (int reads = 0; ; reads++) {
      try {
        assertThat(file.read(buffer.clear(), 0)).isEqualTo(content.length);
      } catch (ClosedChannelException e) {
        return reads;
      }
      assertThat(buffer.flip()).isEqualTo(ByteBuffer.wrap(content));
      started.countDown();
    }
  }

  @Test
  void manyThreadsWriteOneFileWithoutDisturbingEachOther() throws Exception {
    Path path = make("image", new byte[0]);
    byte[] content = Bytes.random(8 << 20, 3);
    try (BlockFile file = volume().open(path, OpenOptions.writing());
        ExecutorService executor = Executors.newFixedThreadPool(8)) {
      List<Future<?>> writers = new ArrayList<>();
      for (int part = 0; part < 8; part++) {
        int start = part << 20;
        writers.add(
            executor.submit(() -> {
              for (int at = start; at < start + (1 << 20); at += 7001) {
                int length = Math.min(7001, start + (1 << 20) - at);
                file.write(ByteBuffer.wrap(content, at, length), at);
              }
              return null;
            }));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
      assertThat(Bytes.read(file, 0, content.length)).isEqualTo(content);
    }
    assertThat(Files.readAllBytes(path)).isEqualTo(content);
  }

  @Test
  void aFifoIsNotWaitedFor() throws Exception {
    Path fifo = directory.resolve("fifo");
    int made = new ProcessBuilder("mkfifo", fifo.toString()).inheritIO().start().waitFor();
    assertThat(made).as("mkfifo").isZero();
    for (OpenOptions options : List.of(OpenOptions.reading(), OpenOptions.writing())) {
      try (BlockFile file = volume().open(fifo, options)) {
        assertThat(file.kind()).isEqualTo(FileKind.FIFO);
        assertThat(file.size()).isZero();
        assertThat(file.nextData(0)).isEqualTo(-1);
        assertThatThrownBy(() -> file.read(ByteBuffer.allocate(1), 0))
            .hasMessage(fifo + ": Illegal seek");
      }
    }
  }

  /** Who opens a FIFO waits for the other end, and cannot be interrupted. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aFifoIsStreamedToFromTheFirstReaderToTheLast() throws Exception {
    Path fifo = directory.resolve("fifo");
    int made = new ProcessBuilder("mkfifo", fifo.toString()).inheritIO().start().waitFor();
    assertThat(made).as("mkfifo").isZero();
    if (!writesFifos()) {
      assertThatThrownBy(() -> volume().open(fifo, OpenOptions.streaming()))
          .hasMessage(fifo + ": Illegal seek");
      return;
    }
    FutureTask<BlockFile> opening =
        new FutureTask<>(() -> volume().open(fifo, OpenOptions.streaming()));
    Thread.ofPlatform().daemon().start(opening);
    InputStream reader = Files.newInputStream(fifo);
    try (BlockFile file = opening.get()) {
      file.write(ByteBuffer.wrap(new byte[] {7}), 0);
      assertThat(reader.read()).isEqualTo(7);
      reader.close();
      assertThatThrownBy(() -> file.write(ByteBuffer.wrap(new byte[] {8}), 1))
          .hasMessage(fifo + ": Broken pipe");
    }
  }

  /** Whether bytes can be written that have no position. */
  protected boolean writesFifos() {
    return true;
  }

  @Test
  void aCharacterDeviceIsReadButHasNoLength() throws IOException {
    try (BlockFile zero = volume().open(Path.of("/dev/zero"), OpenOptions.reading())) {
      assertThat(zero.kind()).isEqualTo(FileKind.CHARACTER_DEVICE);
      assertThat(zero.size()).isZero();
      assertThat(zero.nextHole(0)).isEqualTo(-1);
      assertThat(Bytes.read(zero, 0, 100)).hasSize(100);
    }
    try (BlockFile full = volume().open(Path.of("/dev/full"), OpenOptions.writing())) {
      assertThatThrownBy(() -> Bytes.write(full, new byte[1], 0))
          .isInstanceOfSatisfying(
              SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(28))
          .hasMessage("/dev/full: No space left on device");
      assertThatThrownBy(() -> full.writeZeroes(0, 10, true))
          .hasMessage("/dev/full: No space left on device");
      assertThat(full.punchHole(0, 10)).isFalse();
      assertThat(full.preallocate(0, 10)).isFalse();
    }
  }

  @Test
  void closedFilesGiveTheirDescriptorsBack() throws IOException {
    Path path = make("image", new byte[10]);
    Volume volume = volume();
    volume.open(path, OpenOptions.writing()).close();
    long before = descriptors();
    for (int i = 0; i < 50; i++) {
      try (BlockFile one = volume.open(path, OpenOptions.reading());
          BlockFile two = volume.open(path, OpenOptions.writing())) {
        assertThat(one.identity()).isEqualTo(two.identity());
      }
      volume.list(directory);
      volume.syncDirectory(directory);
      assertThatThrownBy(() -> volume.open(directory, OpenOptions.reading()))
          .isInstanceOf(SystemCallException.class);
      BlockFile unnamed = volume.createUnnamed(directory);
      if (unnamed != null) {
        unnamed.close();
      }
    }
    assertThat(descriptors()).isLessThan(before + 25);
  }

  private static long descriptors() throws IOException {
    try (var open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  @Test
  void relativeNamesAreTakenAgainstTheWorkingDirectory() throws IOException {
    Path here = Path.of("").toAbsolutePath();
    assertThat(volume().realPath(Path.of(""))).isEqualTo(here.toRealPath());
    assertThat(volume().status(Path.of(".")).kind()).isEqualTo(FileKind.DIRECTORY);
    assertThat(volume().list(Path.of(""))).contains("pom.xml");
  }
}
