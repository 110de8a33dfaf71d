package io.github.qcow4j.cli.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.quiesce.GuestAgent;
import io.github.qcow4j.snapshot.quiesce.Quiescer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Linux under QEMU, on disks of ours, with an agent that freezes it. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class RealGuestTest {

  @TempDir static Path shared;

  static GuestParts parts;

  @TempDir Path directory;

  @BeforeAll
  static void makeParts() throws Exception {
    HostTools.require();
    parts = GuestParts.make(shared);
  }

  @Test
  void aFrozenGuestHasACleanFileSystemAndGoesOnAfterwards() throws Exception {
    Path disk = directory.resolve("disk.qcow2");
    convert("-f", "raw", "-O", "qcow2", parts.rootImage(), disk);
    Path socket = directory.resolve("agent.sock");
    Path captured = directory.resolve("captured.qcow2");
    try (Guest guest = Guest.boot(parts, disk, socket)) {
      guest.run("echo synced > /data/file; sync");
      Quiescer.Hold hold = new GuestAgent(socket).freeze(new JobControl());
      try {
        guest.run("(echo late > /data/late; echo written > /run/late) &");
        hold.verify();
        Files.copy(disk, captured);
      } finally {
        hold.thaw();
      }
      guest.run("wait; cat /run/late");
      assertThat(guest.run("cat /data/late")).isEqualTo("late\n");
      guest.powerOff();
    }
    Path raw = directory.resolve("captured.raw");
    convert("-f", "qcow2", "-O", "raw", captured, raw);
    HostTools.run(directory, "e2fsck", "-f", "-n", raw.toString());
    assertThat(HostTools.run(directory, "debugfs", "-R", "cat /data/file", raw.toString()))
        .endsWith("synced\n");
    assertThat(HostTools.run(directory, "debugfs", "-R", "ls /data", raw.toString()))
        .doesNotContain("late");
    assertThat(OurRun.asQcow4j("check", captured.toString()).exitCode()).isZero();
  }

  private static void convert(
      String f, String from, String o, String to, Path source, Path target) {
    OurRun run = OurRun.asQcow4j("convert", f, from, o, to, source.toString(), target.toString());
    assertThat(run.exitCode()).as(run.toString()).isZero();
  }
}
