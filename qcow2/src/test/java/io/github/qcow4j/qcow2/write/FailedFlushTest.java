package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.RawCreation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What a writer does once the storage has failed under it. */
class FailedFlushTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int CLUSTER = 64 << 10;

  private final SimulatedVolume volume = SimulatedVolume.create();

  @Test
  void afterAFailureInAFlushNothingMoreIsWrittenAndTheImageStaysSound() throws IOException {
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    Qcow2Image disk = open();
    disk.write(0, ByteBuffer.allocate(100_000));
    volume.faults().only("pwrite").failCall(2, Errno.EIO);
    assertThatThrownBy(disk::sync).hasMessageContaining("Input/output error");
    volume.faults().none();
    int events = volume.events();

    assertThatThrownBy(() -> disk.write(500_000, ByteBuffer.allocate(1)))
        .hasMessageContaining("must be opened anew")
        .hasRootCauseMessage(IMAGE + ": Input/output error");
    assertThatThrownBy(disk::sync).hasMessageContaining("must be opened anew");
    assertThatThrownBy(disk::close).hasMessageContaining("must be opened anew");

    assertThat(volume.events()).isEqualTo(events);
    volume.assertNothingOpen();
    assertSound();
    try (Qcow2Image anew = open()) {
      anew.write(500_000, ByteBuffer.allocate(1));
    }
    assertSound();
  }

  /**
   * Each write of the flush is the first that finds no room, until something is given back, and the
   * power may be cut while it is.
   */
  @Test
  void afterAFlushThatFoundNoRoomNothingIsCountedThatNothingLeadsTo() throws IOException {
    long writes = 0;
    for (boolean found = true; found; writes++) {
      SimulatedVolume full = SimulatedVolume.create();
      ImageCreation.create(full, IMAGE, ImageSpec.ofSize(1 << 20));
      full.settle();
      Qcow2Image disk = open(full);
      disk.write(0, ByteBuffer.allocate(100_000));
      full.faults().only("pwrite").failCall(writes + 1, Errno.ENOSPC);
      found = !closes(disk);
      full.faults().none();

      full.assertNothingOpen();
      assertThat(leaksOf(full)).as("write %d", writes + 1).isZero();
      CrashExplorer.of(full).explore(state -> leaksOf(state.volume()));
    }
    assertThat(writes).isEqualTo(4);
  }

  private static boolean closes(Qcow2Image disk) {
    try {
      disk.close();
      return true;
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("No space left on device");
      return false;
    }
  }

  /** Of an image that has to be free of corruption. */
  private static long leaksOf(SimulatedVolume volume) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.corruptions() + report.checkErrors()).isZero();
      return report.leaks();
    }
  }

  /**
   * Another thread's write is under way while the flush fails that counts its clusters; what it
   * wrote cannot be linked any more.
   */
  @Test
  void whatIsWrittenWhileAFlushFindsNoRoomIsNotCountedEither() throws IOException {
    Path base = Path.of("/base.qcow2");
    ImageCreation.create(volume, base, ImageSpec.ofSize(1 << 20));
    fill(base, ImageFormat.QCOW2, 7);
    ImageCreation.create(
        volume, IMAGE, ImageSpec.ofSize(1 << 20).withBacking("base.qcow2", "qcow2"));
    DiskImage disk = open(IMAGE, ImageFormat.QCOW2);
    disk.write(500_000, ByteBuffer.allocate(1));
    disk.sync();
    disk.write(600_000, ByteBuffer.allocate(1));
    // The content of the cluster around the byte is read when the cluster is counted already.
    AtomicReference<Throwable> flushed = new AtomicReference<>();
    volume
        .faults()
        .only("pread")
        .failCall(1, Errno.EIO)
        .whenHappened(() -> {
          volume.faults().only("pwrite").failCall(2, Errno.ENOSPC);
          flushed.set(catchThrowable(disk::sync));
          volume.faults().none();
        });
    assertThatThrownBy(() -> disk.write(10, ByteBuffer.allocate(1)))
        .hasMessageContaining("Input/output error");
    assertThat(flushed.get()).hasMessageContaining("No space left on device");
    assertThatThrownBy(disk::close).hasMessageContaining("must be opened anew");

    assertThat(leaksOf(volume)).isZero();
  }

  @Test
  void whenOnlyGuestDataDoesNotFitLaterWritesMay() throws IOException {
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    try (Qcow2Image disk = open()) {
      volume.faults().only("pwrite").failCall(1, Errno.ENOSPC);
      assertThatThrownBy(() -> disk.write(0, ByteBuffer.allocate(100_000)))
          .hasMessageContaining("No space left on device");
      volume.faults().none();
      disk.write(0, ByteBuffer.wrap(new byte[] {7}));
    }
    assertSound();
    try (Qcow2Image disk = open()) {
      ByteBuffer first = ByteBuffer.allocate(1);
      disk.read(0, first);
      assertThat(first.get(0)).isEqualTo((byte) 7);
    }
  }

  /** The kernel tells only once what is lost, so that a second sync of the data would succeed. */
  @Test
  void afterAFailedSyncOfTheDataFileNoTableLeadsToWhatIsLost() throws IOException {
    Path base = Path.of("/base.raw");
    RawCreation.create(volume, base, 1 << 20, Preallocation.OFF, new JobControl());
    fill(base, ImageFormat.RAW, 7);
    ImageCreation.create(
        volume,
        IMAGE,
        ImageSpec.ofSize(1 << 20)
            .withBacking("base.raw", "raw")
            .withPlaces(Preallocation.OFF, new ImageSpec.DataFile("/data.raw", false)));
    volume.settle();
    DiskImage disk = open(IMAGE, ImageFormat.QCOW2);
    disk.write(0, filled(9));
    volume.faults().only("fdatasync").failCall(1, Errno.EIO);
    assertThatThrownBy(disk::sync).hasMessageContaining("Input/output error");
    volume.faults().none();
    assertThatThrownBy(disk::sync).hasMessageContaining("must be opened anew");
    assertThatThrownBy(disk::close).hasMessageContaining("must be opened anew");

    CrashExplorer.of(volume)
        .explore(state -> {
          ByteBuffer content = ByteBuffer.allocate(CLUSTER);
          try (DiskImage after =
              DiskImages.open(
                  state.volume(),
                  IMAGE,
                  ReferencePolicy.allow(),
                  ImageOptions.of(ImageFormat.QCOW2))) {
            after.read(0, content);
          }
          assertThat(content.array()).containsOnly(7);
        });
  }

  @Test
  void aRawDiskDoesNotSayThatAllIsWellAfterAFailedSync() throws IOException {
    RawCreation.create(volume, IMAGE, 1 << 20, Preallocation.OFF, new JobControl());
    try (DiskImage disk = open(IMAGE, ImageFormat.RAW)) {
      disk.write(0, filled(7));
      volume.faults().only("fdatasync").failCall(1, Errno.EIO);
      assertThatThrownBy(disk::sync).hasMessageContaining("Input/output error");
      volume.faults().none();
      assertThatThrownBy(disk::sync).hasMessageContaining("Input/output error");
    }
  }

  private void fill(Path path, ImageFormat format, int value) throws IOException {
    try (DiskImage disk = open(path, format)) {
      disk.write(0, filled(value));
    }
  }

  private static ByteBuffer filled(int value) {
    byte[] bytes = new byte[CLUSTER];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private DiskImage open(Path path, ImageFormat format) throws IOException {
    return DiskImages.open(
        volume, path, ReferencePolicy.allow(), ImageOptions.of(format).withWriting());
  }

  private void assertSound() throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.corruptions() + report.checkErrors()).isZero();
    }
  }

  private Qcow2Image open() throws IOException {
    return open(volume);
  }

  private static Qcow2Image open(SimulatedVolume volume) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options);
  }
}
