package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bitmap} says what qemu-img says, and leaves what it leaves. */
final class BitmapAgreementTest {

  private static final List<String> COMMANDS =
      List.of(
          "bitmap --add @disk b1",
          "bitmap --add @disk b0",
          "bitmap --add -g 4k @disk b1",
          "bitmap --add -g 0 @disk b1",
          "bitmap --add -g 1000 @disk b1",
          "bitmap --add -g 256 @disk b1",
          "bitmap --add -g 4G @disk b1",
          "bitmap --add -g 2G @disk b1",
          "bitmap --add -g x @disk b1",
          "bitmap --add @disk ",
          "bitmap --add --disable @disk b1",
          "bitmap --add --merge b0 --disable @disk b1",
          "bitmap --add --merge none @disk b1",
          "bitmap --remove @disk b0",
          "bitmap --remove --add @disk b0",
          "bitmap --remove @disk none",
          "bitmap --clear @disk b0",
          "bitmap --clear @disk none",
          "bitmap --disable @disk b0",
          "bitmap --disable --enable @disk b0",
          "bitmap --enable @disk none",
          "bitmap --merge b0 @disk asleep",
          "bitmap --merge b0 @disk b0",
          "bitmap --merge none @disk b0",
          "bitmap --merge b0 @disk none",
          "bitmap --merge other -b @other -F qcow2 @disk asleep",
          "bitmap --merge other -b @other @disk b0",
          "bitmap --merge over -b @over -F qcow2 @disk asleep",
          "bitmap --merge over -b @over @disk b0",
          "bitmap --merge over -b @orphan @disk b0",
          "bitmap --add @orphan b0",
          "bitmap --merge over @orphan over",
          "bitmap --merge larger -b @larger @disk b0",
          "bitmap --merge none -b @other @disk b0",
          "bitmap --merge b0 -b @raw -F raw @disk b0",
          "bitmap --merge b0 -b @missing @disk b0",
          "bitmap --merge b0 -b @other -F foo @disk b0",
          "bitmap --clear @broken b0",
          "bitmap --enable @broken b0",
          "bitmap --disable @broken b0",
          "bitmap --merge b0 @broken asleep",
          "bitmap --merge asleep @broken b0",
          "bitmap --remove @broken b0",
          "bitmap --add @broken b0",
          "bitmap --merge b0 -b @broken @disk b0",
          "bitmap -f raw --clear @raw b0",
          "bitmap -f qcow2 --add @raw b0",
          "bitmap -f foo --add @disk b1",
          "bitmap -f qcow2 --add @disk b1",
          "bitmap --add @missing b0",
          "bitmap @disk b0",
          "bitmap --add @disk",
          "bitmap --add @disk b1 b2",
          "bitmap --merge",
          "bitmap -g 64k --clear @disk b0",
          "bitmap -b @other --clear @disk b0",
          "bitmap -F qcow2 --clear @disk b0",
          "bitmap -F qcow2 --merge b0 @disk b0",
          "bitmap -q --add @disk b1",
          "bitmap -U --add @disk b1",
          "bitmap --image-opts --add driver=qcow2,file.filename=@disk b1",
          "bitmap --image-opts -f qcow2 --add driver=qcow2,file.filename=@disk b1");

  private final QemuTools qemu = QemuTools.require();
  private SameCommand same;

  @TempDir Path directory;

  @BeforeEach
  void makeImages() throws Exception {
    same = new SameCommand(qemu, directory);
    Path disk = same.master().resolve("disk");
    Path other = same.master().resolve("other");
    qemu.create(disk, "", 1 << 20);
    qemu.img("bitmap", "--add", "-g", "512", disk.toString(), "b0").orFail();
    qemu.img("bitmap", "--add", "--disable", disk.toString(), "asleep").orFail();
    qemu.io(disk, "write 3k 100k", "write 512k 1k");
    qemu.create(other, "cluster_size=4k", 1 << 20);
    qemu.img("bitmap", "--add", other.toString(), "other").orFail();
    qemu.io(other, "write 700k 1k");
    Path over = same.master().resolve("over");
    qemu.in(same.master()).createOverlay(Path.of("over"), "", "disk", "qcow2");
    qemu.img("bitmap", "--add", over.toString(), "over").orFail();
    qemu.io(over, "write 900k 1k");
    Path orphan = same.master().resolve("orphan");
    java.nio.file.Files.copy(over, orphan);
    qemu.img("rebase", "-u", "-b", "gone", "-F", "qcow2", orphan.toString()).orFail();
    Path larger = same.master().resolve("larger");
    qemu.create(larger, "", 2 << 20);
    qemu.img("bitmap", "--add", larger.toString(), "larger").orFail();
    qemu.img("create", "-q", "-f", "raw", same.master().resolve("raw").toString(), "1M").orFail();
    Path broken = same.master().resolve("broken");
    java.nio.file.Files.copy(disk, broken);
    qemu.ioRaw(List.of("-c", "write 0 4k", "-c", "sigraise 9", broken.toString()));
  }

  @Test
  void everyCommandSaysAndLeavesTheSame() {
    for (String command : COMMANDS) {
      SameCommand.Outcome outcome = same.run(command).agreed();
      for (String image : List.of("disk", "broken", "orphan")) {
        Path ours = outcome.ourDirectory().resolve(image);
        if (!image.equals("orphan")) {
          qemu.assertCheckClean(ours);
        }
        assertThat(bitmaps(ours))
            .as("%s after %s", image, command)
            .isEqualTo(bitmaps(outcome.theirDirectory().resolve(image)));
      }
    }
  }

  @Test
  void whatCannotBeStoredIsRefusedByTheNameOfTheImage() {
    SameCommand.Outcome long1024 = same.run("bitmap --add @disk " + "y".repeat(1024));
    assertThat(nodeNameless(long1024.ours().stderr()))
        .isEqualTo(nodeNameless(long1024.theirs().stderr()))
        .endsWith("Name length exceeds maximum (1023 characters)\n");
    same.run("bitmap --add @disk " + "y".repeat(1023)).succeeded();
    SameCommand.Outcome raw = same.run("bitmap -f raw --add @raw b0");
    assertThat(nodeNameless(raw.ours().stderr())).isEqualTo(nodeNameless(raw.theirs().stderr()));
  }

  @Test
  void version2HasNoBitmaps() {
    qemu.create(same.master().resolve("old"), "compat=0.10", 1 << 20);
    SameCommand.Outcome outcome = same.run("bitmap --add @old b0");
    assertThat(nodeNameless(outcome.ours().stderr()))
        .isEqualTo(nodeNameless(outcome.theirs().stderr()))
        .endsWith("Cannot store dirty bitmaps in qcow2 v2 files\n");
  }

  /** QEMU names a node that it made up; we name the image. */
  private static String nodeNameless(String text) {
    return text.replaceAll("in '[^']*': ", "in 'NODE': ")
        .replaceAll("to (#block\\d+|/\\S+): ", "to NODE: ");
  }

  private String bitmaps(Path image) {
    ToolRun info = qemu.img("info", "-U", "--output=json", image.toString());
    String text = info.stdout();
    int from = text.indexOf("\"bitmaps\"");
    return from < 0 ? "none" : text.substring(from, text.indexOf("\"refcount-bits\""));
  }
}
