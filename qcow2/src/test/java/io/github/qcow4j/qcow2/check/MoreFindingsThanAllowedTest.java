package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One L2 table of 8192 entries past the end of the file, which 300 entries of the L1 table name:
 * 2.4 million findings in 300 KB. Whoever counts them ends with the limit, as what it is.
 */
final class MoreFindingsThanAllowedTest {

  private static final int L1_ENTRIES = 300;
  private static final int L2_ENTRIES = 8192;
  private static final long PAST_END = 1L << 40;

  @TempDir private Path directory;
  private final Volume volume = Volumes.host();
  private final FindingLog findings = new FindingLog(10);
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = Workbench.in(directory).image("image.qcow2", "", 150L << 30, "write 0 64k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          for (int i = 0; i < L2_ENTRIES; i++) {
            surgeon.setL2Entry((long) i << 16, PAST_END + ((long) i << 16));
          }
          for (int i = 1; i < L1_ENTRIES; i++) {
            surgeon.setL1Entry(i, surgeon.l1Entry(0));
          }
        });
  }

  @Test
  void aCheckEnds() throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, image)) {
      assertThatThrownBy(() -> check.run(findings, new JobControl()))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("Too much is wrong");
    }
  }

  @Test
  void aRepairEndsAndLeavesTheImageAsItWas() throws IOException {
    byte[] before = Files.readAllBytes(image);
    try (ImageRepair repair = ImageRepair.open(volume, image)) {
      assertThatThrownBy(() -> repair.run(RepairScope.ALL, findings, new JobControl()))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("Too much is wrong");
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }
}
