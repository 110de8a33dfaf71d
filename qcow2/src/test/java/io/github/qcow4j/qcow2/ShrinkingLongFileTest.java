package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport.Outcome;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * A file can be as long as its holes make it. When the disk in it is made smaller, what is free is
 * not looked at cluster by cluster: here that would take days.
 */
final class ShrinkingLongFileTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");

  @Test
  void aFileOfHolesIsCutAtOnce() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(1 << 20));
    long bytesBefore = volume.status(IMAGE).sizeBytes();
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      file.truncate(1L << 60);
    }

    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    try (Qcow2Image disk =
        (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options)) {
      disk.resize(1 << 19);
    }

    assertThat(volume.status(IMAGE).sizeBytes()).isLessThanOrEqualTo(bytesBefore + 65536);
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      assertThat(check.run(finding -> {}, new JobControl()).outcome())
          .isEqualTo(Outcome.CONSISTENT);
    }
  }
}
