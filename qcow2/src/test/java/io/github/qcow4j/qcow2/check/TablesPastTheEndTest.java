package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.check.CheckReport.Outcome;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * L1 entries that lead past the end of the file, as an L1 table of garbage holds by the ten
 * thousand: each is told, and no table of zeros is looked through for it.
 */
final class TablesPastTheEndTest {

  private static final int ENTRIES = 1000;
  private static final long PAST_END = 1L << 40;

  @TempDir private Path directory;
  private final FindingLog findings = new FindingLog(10 * ENTRIES);
  private final TappedVolume volume = new TappedVolume(Volumes.host());
  private Path image;

  @BeforeEach
  void makeImage() throws IOException {
    image = Workbench.in(directory).image("image.qcow2", "cluster_size=4k", 2L << 30, "write 0 4k");
    ImageSurgeon.operate(
        image,
        surgeon -> {
          for (int i = 1; i < ENTRIES; i++) {
            surgeon.setL1Entry(i, (PAST_END + i * 4096L) | (i % 2 == 0 ? ImageSurgeon.COPIED : 0));
          }
        });
  }

  private long pastEnd() {
    return findings.kept().stream()
        .filter(RefcountFinding.ReferencePastEnd.class::isInstance)
        .count();
  }

  private void assertNothingReadPastTheEnd() throws IOException {
    long end = Files.size(image);
    assertThat(volume.calls())
        .filteredOn(TappedVolume.Call::reads)
        .isNotEmpty()
        .allMatch(read -> read.position() < end);
  }

  @Test
  void aCheckTellsOfEachAndReadsNone() throws IOException {
    try (ImageCheck check = ImageCheck.open(volume.volume(), image)) {
      CheckReport report = check.run(findings, new JobControl());
      assertThat(report.outcome()).isEqualTo(Outcome.CORRUPT);
      assertThat(pastEnd()).isEqualTo(ENTRIES - 1);
      assertThat(QemuTools.require().checkJson(image))
          .contains("\"corruptions\": " + report.corruptions() + ",");
    }
    assertNothingReadPastTheEnd();
  }

  @Test
  void aRepairTellsOfEachAndReadsNone() throws IOException {
    try (ImageRepair repair = ImageRepair.open(volume.volume(), image)) {
      RepairReport report = repair.run(RepairScope.ALL, findings, new JobControl());
      assertThat(report.remaining().outcome()).isEqualTo(Outcome.CORRUPT);
      assertThat(pastEnd()).isEqualTo(ENTRIES - 1);
    }
    assertNothingReadPastTheEnd();
  }
}
