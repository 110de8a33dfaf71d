package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a snapshot took is taken again by the next one: going round makes no file longer. */
final class SnapshotRoundsTest {

  private final QemuTools qemu = QemuTools.require();
  private Path disk;

  @TempDir Path directory;

  @BeforeEach
  void makeImage() {
    disk = directory.resolve("disk.qcow2");
    qemu.create(disk, "", 8 << 20);
    qemu.io(disk, "write -P 3 1M 1M");
  }

  @Test
  void takingAndDeletingRoundAfterRound() throws Exception {
    round("-c", "-d");
    long once = Files.size(disk);
    for (int i = 0; i < 6; i++) {
      round("-c", "-d");
    }
    assertThat(Files.size(disk)).isLessThanOrEqualTo(once);
    qemu.assertCheckClean(disk);
  }

  @Test
  void goingBackRoundAfterRound() throws Exception {
    round("-c", "-a", "-d");
    round("-c", "-a", "-d");
    long before = Files.size(disk);
    for (int i = 0; i < 6; i++) {
      round("-c", "-a", "-d");
    }
    assertThat(Files.size(disk)).isLessThanOrEqualTo(before);
    qemu.assertCheckClean(disk);
  }

  private void round(String... actions) {
    for (String action : actions) {
      OurRun run = OurRun.asQcow4j("snapshot", action, "x", disk.toString());
      assertThat(run.exitCode()).as("%s", run).isZero();
    }
  }
}
