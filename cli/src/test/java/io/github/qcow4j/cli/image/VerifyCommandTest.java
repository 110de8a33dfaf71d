package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {

  @TempDir Path directory;

  private Path sound;
  private Path overlay;

  @BeforeEach
  void makeImages() {
    Workbench bench = Workbench.in(directory);
    sound = bench.image("sound.qcow2", "extended_l2=on", 1 << 20, "write 0 64k");
    overlay = directory.resolve("overlay.qcow2");
    bench.qemu().createOverlay(overlay, "", "sound.qcow2", "qcow2");
  }

  @Test
  void nothingSpeaksAgainstASoundImage() {
    OurRun run = OurRun.asQcow4j("verify", sound.toString());
    assertThat(run.exitCode()).isZero();
    assertThat(run.stdout()).isEqualTo("Nothing speaks against the image.\n");
  }

  @Test
  void everyReasonIsALineWithItsName() {
    OurRun run = OurRun.asQcow4j("verify", "-f", "raw", "--max-size=512k", overlay.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.stdout())
        .isEqualTo(
            """
            format-mismatch: said to be raw, begins like qcow2
            backing-file: names a backing file
            virtual-size: 1048576 bytes, accepted are 524288 bytes
            """);
  }

  @Test
  void programsReadTheReasonsAsJson() {
    OurRun run = OurRun.asQcow4j("verify", "--output=json", overlay.toString());
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.stdout())
        .isEqualTo(
            """
            {
                "filename": "%s",
                "format": "qcow2",
                "virtual-size": 1048576,
                "acceptable": false,
                "reasons": [
                    {
                        "reason": "backing-file",
                        "detail": "names a backing file"
                    }
                ],
                "unlisted": 0,
                "missing-copied-flags": 0
            }
            """
                .formatted(overlay));
  }

  @Test
  void aQuestionThatCannotBeAnsweredIsNoVerdict() {
    OurRun run = OurRun.asQcow4j("verify", directory.resolve("gone").toString());
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).contains("No such file or directory");
    assertThat(OurRun.asQcow4j("verify", "-q", overlay.toString()).stdout()).isEmpty();
  }
}
