package io.github.qcow4j.cli.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.quiesce.GuestAgent;
import io.github.qcow4j.snapshot.quiesce.Quiescer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    requireSound(captured);
  }

  @Test
  void aSnapshotOfARunningBoxHoldsWhatWasSyncedAndBootsAgain() throws Exception {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "vm", "--from", parts.rootImage().toString(), "--format", "raw");
    Path socket = directory.resolve("agent.sock");
    try (Guest guest = Guest.start(boxRun(box, "vm"), Guest.commandLine(parts, "{root}", socket))) {
      guest.run("echo first > /data/file; sync");
      assertThat(box.ok("show", "vm")).contains("status: running\n");
      String made =
          box.ok("snapshot", "create", "vm", "live", "--quiesce", "agent=" + socket, "--json");
      assertThat(made).contains("\"consistency\": \"file_system\"");
      guest.run("echo second > /data/file; sync");
      box.ok("snapshot", "create", "vm", "stopped-short");
      assertThat(guest.run("cat /data/file")).isEqualTo("second\n");
      box.fails(5, "restore", "vm", "live");
      guest.powerOff();
    }
    assertThat(box.ok("show", "vm")).contains("status: stopped\n");
    Path captured = Path.of(box.ok("snapshot", "path", "vm", "live").strip());
    requireCleanFileSystem(captured);
    box.ok("restore", "vm", "live");
    box.ok("clone", "vm", "twin", "--snapshot", "live");
    try (Guest guest = Guest.start(boxRun(box, "vm"), Guest.commandLine(parts, "{root}", socket));
        Guest twin =
            Guest.start(
                boxRun(box, "twin"),
                Guest.commandLine(parts, "{root}", directory.resolve("twin.sock")))) {
      assertThat(guest.run("cat /data/file")).isEqualTo("first\n");
      assertThat(twin.run("cat /data/file")).isEqualTo("first\n");
      guest.run("echo third > /data/file; sync");
      assertThat(twin.run("cat /data/file")).isEqualTo("first\n");
      guest.powerOff();
      twin.powerOff();
    }
    requireSound(Path.of(box.ok("path", "vm").strip()));
    requireSound(Path.of(box.ok("path", "twin").strip()));
  }

  /** Nothing to replay, nothing to repair, and what was synced last before. */
  private void requireCleanFileSystem(Path captured) throws Exception {
    requireSound(captured);
    Path raw = directory.resolve("captured.raw");
    convert("-f", "qcow2", "-O", "raw", captured, raw);
    HostTools.run(directory, "e2fsck", "-f", "-n", raw.toString());
    assertThat(HostTools.run(directory, "debugfs", "-R", "cat /data/file", raw.toString()))
        .endsWith("first\n");
  }

  private static void requireSound(Path image) {
    OurRun run = OurRun.asQcow4j("check", "-f", "qcow2", image.toString());
    assertThat(run.exitCode()).as(run.toString()).isZero();
  }

  private static List<String> boxRun(BoxRun box, String name) {
    return JavaProcess.builder(
            List.of("--enable-native-access=ALL-UNNAMED"),
            Main.class,
            "box",
            "--home",
            box.home().toString(),
            "run",
            name,
            "--")
        .command();
  }

  private static void convert(
      String f, String from, String o, String to, Path source, Path target) {
    OurRun run = OurRun.asQcow4j("convert", f, from, o, to, source.toString(), target.toString());
    assertThat(run.exitCode()).as(run.toString()).isZero();
  }
}
