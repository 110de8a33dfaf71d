package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a writer does once the storage has failed under it. */
class FailedFlushTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");

  private final SimulatedVolume volume = SimulatedVolume.create();

  @Test
  void afterAFailureInAFlushNothingMoreIsWrittenAndTheImageStaysSound() throws IOException {
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    Qcow2Image disk = open();
    disk.write(0, ByteBuffer.allocate(100_000));
    volume.faults().only("pwrite").failCall(2, Errno.ENOSPC);
    assertThatThrownBy(disk::sync).hasMessageContaining("No space left on device");
    volume.faults().none();
    int events = volume.events();

    assertThatThrownBy(() -> disk.write(500_000, ByteBuffer.allocate(1)))
        .hasMessageContaining("must be opened anew")
        .hasRootCauseMessage(IMAGE + ": No space left on device");
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

  private void assertSound() throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      CheckReport report = check.run(finding -> {}, new JobControl());
      assertThat(report.corruptions() + report.checkErrors()).isZero();
    }
  }

  private Qcow2Image open() throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options);
  }
}
