package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A larger disk whose storage cannot be had leaves the files as long as they were and the file
 * system as free, with qemu-img's words.
 */
final class ResizeOnFullDiskTest {

  private static final QemuTools QEMU = QemuTools.require();
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @CsvSource({
    "EXT4, falloc, raw", "EXT4, full, raw", "EXT4, falloc, data", "EXT4, full, data",
    "TMPFS, falloc, raw", "TMPFS, full, raw", "TMPFS, falloc, data", "TMPFS, full, data",
    "EXT4, full, rawdata"
  })
  void keepsItsLength(Kind kind, String preallocation, String what) throws IOException {
    try (LoopFileSystem place = LoopFileSystem.mount(kind, 20 * MIB)) {
      Path directory = place.newDirectory();
      Path image = image(directory, what);
      String format = what.equals("raw") ? "raw" : "qcow2";
      Path grown = what.equals("raw") ? image : directory.resolve("data");
      long usedBytes = place.usedBytes();
      byte[] before = Files.readAllBytes(grown);
      String[] line = {
        "resize", "-f", format, "--preallocation=" + preallocation, image.toString(), "64M"
      };

      // Ours first: theirs leaves tables that ask for no storage any more.
      OurRun ours = OurRun.asQemuImg(line);
      OurRun again = OurRun.asQemuImg(line);

      assertThat(ours.exitCode()).isEqualTo(1);
      assertThat(again).isEqualTo(ours);
      assertThat(Files.readAllBytes(grown)).isEqualTo(before);
      // A few clusters of tables may have been made ready.
      assertThat(place.usedBytes()).isLessThan(usedBytes + MIB);
      if (format.equals("qcow2")) {
        QEMU.assertCheckClean(image);
        assertThat(QEMU.infoJson(image)).contains("\"virtual-size\": " + MIB);
      }
      ToolRun theirs = QEMU.img(line).expectExit(1);
      assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    }
  }

  private static Path image(Path directory, String what) {
    Workbench bench = Workbench.in(directory);
    if (what.equals("raw")) {
      return bench.file("disk.raw", Workbench.randomBytes((int) MIB, 1));
    }
    String raw = what.equals("rawdata") ? ",data_file_raw=on" : "";
    String options = "data_file=" + directory.resolve("data") + raw;
    return bench.image("disk.qcow2", options, MIB, "write -P 3 100k 300k");
  }
}
