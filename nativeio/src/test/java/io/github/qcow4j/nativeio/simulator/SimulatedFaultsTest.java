package io.github.qcow4j.nativeio.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.RenameMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Calls that fail, in part or as a whole, and files that nobody closed. */
final class SimulatedFaultsTest {

  private static final Path FILE = Path.of("/file");

  @Test
  void everyCallOfAWorkloadCanFailInTurn() throws IOException {
    int failures = 0;
    while (true) {
      SimulatedVolume volume = CrashExplorerTest.volumeWithFile(CrashExplorerTest.filled(1, 5000));
      volume.faults().failCall(failures + 1, Errno.EIO);
      try (AtomicFile atomic = AtomicFile.create(volume, FILE)) {
        Bytes.write(atomic.file(), CrashExplorerTest.filled(2, 9000), 0);
        atomic.publish(RenameMode.REPLACE);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("Input/output error");
      }
      boolean happened = volume.faults().happened();
      volume.faults().none();
      volume.assertNothingOpen();
      byte[] content = CrashExplorerTest.contentOf(volume, FILE);
      assertThat(content.length).isIn(5000, 9000);
      if (!happened) {
        assertThat(content).isEqualTo(CrashExplorerTest.filled(2, 9000));
        break;
      }
      failures++;
    }
    assertThat(failures).isGreaterThan(5);
  }

  @Test
  void aShortenedWriteIsWholeToItsCallerButMayBeTornByAPowerCut() throws IOException {
    SimulatedVolume volume = CrashExplorerTest.volumeWithFile(CrashExplorerTest.filled(1, 8192));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      volume.faults().shortenWrite(1);
      Bytes.write(file, CrashExplorerTest.filled(2, 8192), 0);
      assertThat(volume.faults().happened()).isTrue();
      assertThat(Bytes.read(file, 0, 8192)).isEqualTo(CrashExplorerTest.filled(2, 8192));
    }
    assertThat(volume.events()).isEqualTo(2);
  }

  @Test
  void aFailingWriteToAFifoHasPassedOnItsFirstHalf() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    Path fifo = Path.of("/fifo");
    volume.makeFifo(fifo);
    try (BlockFile file = volume.open(fifo, OpenOptions.streaming())) {
      Bytes.write(file, CrashExplorerTest.filled(1, 10), 0);
      volume.faults().failCall(1, Errno.EPIPE);
      assertThatThrownBy(() -> Bytes.write(file, CrashExplorerTest.filled(2, 10), 10))
          .hasMessage(fifo + ": Broken pipe");
      assertThatThrownBy(() -> Bytes.read(file, 0, 1)).hasMessage(fifo + ": Illegal seek");
    }
    assertThat(volume.received(fifo)).hasSize(15).startsWith(CrashExplorerTest.filled(1, 10));
    assertThat(volume.status(fifo).sizeBytes()).isZero();
    assertThat(volume.usedBytes()).isZero();
  }

  /** What cannot make a difference must not pass for a fault that was tried. */
  @Test
  void onlyAWriteCountsAsCutShort() throws IOException {
    SimulatedVolume volume = CrashExplorerTest.volumeWithFile(CrashExplorerTest.filled(1, 8192));
    volume.faults().shortenWrite(1);
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      assertThat(Bytes.read(file, 0, 8192)).isEqualTo(CrashExplorerTest.filled(1, 8192));
      file.truncate(4096);
      assertThat(volume.faults().happened()).isFalse();
      Bytes.write(file, CrashExplorerTest.filled(2, 4096), 0);
      assertThat(volume.faults().happened()).isTrue();
    }
  }

  @Test
  void aFullDiskTakesWhatFitsAndSaysSo() throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().withCapacity(3 * 4096));
    try (BlockFile file = volume.open(FILE, OpenOptions.creatingNew())) {
      ByteBuffer source = ByteBuffer.wrap(CrashExplorerTest.filled(1, 5 * 4096));
      assertThatThrownBy(() -> file.write(source, 0)).hasMessage("/file: No space left on device");
      assertThat(source.position()).isEqualTo(3 * 4096);
      assertThat(volume.usedBytes()).isEqualTo(3 * 4096);
      assertThatThrownBy(() -> file.preallocate(0, 1 << 20))
          .hasMessage("/file: No space left on device");
      file.punchHole(0, 4096);
      Bytes.write(file, CrashExplorerTest.filled(2, 4096), 8 * 4096);
    }
    volume.unlink(FILE);
    assertThat(volume.usedBytes()).isZero();
  }

  @Test
  void whereNothingIsWrittenInPlaceAFullDiskTakesNoOtherBytesEither() throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(
            SimulatedVolume.Options.standard().withCapacity(3 * 4096).withCopyingOnWrite(true));
    try (BlockFile file = volume.open(FILE, OpenOptions.creatingNew())) {
      Bytes.write(file, CrashExplorerTest.filled(1, 2 * 4096), 0);
      ByteBuffer source = ByteBuffer.wrap(CrashExplorerTest.filled(2, 2 * 4096));
      assertThatThrownBy(() -> file.write(source, 0)).hasMessage("/file: No space left on device");
      assertThat(source.position()).isEqualTo(4096);
      assertThat(volume.usedBytes()).isEqualTo(2 * 4096);
      Bytes.write(file, CrashExplorerTest.filled(3, 4096), 4096);
      assertThat(volume.usedBytes()).isEqualTo(2 * 4096);
    }
  }

  @Test
  void aFileLeftOpenIsToldWithTheStackThatOpenedIt() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    BlockFile file = volume.open(FILE, OpenOptions.creatingNew());
    assertThatThrownBy(volume::assertNothingOpen)
        .isInstanceOf(AssertionError.class)
        .hasMessage("left open: [/file]")
        .satisfies(e ->
            assertThat(e.getSuppressed()[0].getStackTrace())
                .anyMatch(
                    frame -> frame.getClassName().equals(SimulatedFaultsTest.class.getName())));
    file.close();
    volume.assertNothingOpen();
  }
}
