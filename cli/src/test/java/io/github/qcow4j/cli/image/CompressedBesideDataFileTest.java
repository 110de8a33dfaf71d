package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Nothing is stored compressed in an image with an external data file, nor begun. */
final class CompressedBesideDataFileTest {

  private static final String CLEAR =
      "Compressed clusters are not possible with an external data file";
  private static final int SIZE = 1 << 20;

  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  @BeforeEach
  void makeImages() {
    qemu.create(directory.resolve("base.qcow2"), "", SIZE);
    qemu.io(directory.resolve("base.qcow2"), "write -P 5 0 192k");
    qemu.create(directory.resolve("there.qcow2"), "data_file=" + directory.resolve("a"), SIZE);
    qemu.createOverlay(
        directory.resolve("over.qcow2"),
        "data_file=" + directory.resolve("b"),
        directory.resolve("base.qcow2").toString(),
        "qcow2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "QEMU_IMG | convert -c -O qcow2 -o data_file=@c @base.qcow2 @new.qcow2"
            + " | error while writing at byte 0: Operation not supported",
        "QEMU_IMG | convert -n -c -O qcow2 @base.qcow2 @there.qcow2"
            + " | error while writing at byte 0: Operation not supported",
        "QEMU_IMG | rebase -c -b  @over.qcow2"
            + " | Error while writing to COW image: Operation not supported",
        "QCOW4J | convert -c -O qcow2 -o data_file=@c @base.qcow2 @new.qcow2 | " + CLEAR,
        "QCOW4J | convert -n -c -O qcow2 @base.qcow2 @there.qcow2 | " + CLEAR,
        "QCOW4J | rebase -c -b  @over.qcow2 | " + CLEAR,
        "QCOW4J | flatten -c @over.qcow2 | " + CLEAR,
      })
  void isRefusedBeforeAnythingIsChanged(Personality personality, String line, String reason)
      throws IOException {
    Map<String, ByteBuffer> before = contents();

    OurRun run = OurRun.of(personality, Map.of(), words(line));

    assertThat(run.exitCode()).as(run.toString()).isEqualTo(1);
    assertThat(run.stderr()).contains(reason).hasLineCount(1);
    assertThat(run.stdout()).isEmpty();
    assertThat(contents().keySet()).isEqualTo(before.keySet());
    assertThat(contents().equals(before)).as("no file is changed").isTrue();
    qemu.assertCheckClean(directory.resolve("there.qcow2"));
    qemu.assertCheckClean(directory.resolve("over.qcow2"));
  }

  private List<String> words(String line) {
    return Arrays.stream(line.split(" ", -1)).map(w -> w.replace("@", directory + "/")).toList();
  }

  private Map<String, ByteBuffer> contents() throws IOException {
    Map<String, ByteBuffer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), ByteBuffer.wrap(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
