package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An image whose external data file is elsewhere than it says is used with the file that the user
 * names in its place, as QEMU uses it.
 */
final class DescribedDataFileTest {

  private static final QemuTools QEMU = QemuTools.require();

  private static final String DESCRIPTION =
      "--image-opts driver=qcow2,file.filename=@d.qcow2,data-file.filename=@moved.raw ";

  @TempDir Path directory;

  @BeforeEach
  void moveTheDataFile() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path data = directory.resolve("d.raw");
    bench.image("d.qcow2", "data_file=" + data, 4 << 20, "write -P 7 0 1M", "write -z 2M 64k");
    Files.move(data, directory.resolve("moved.raw"));
    bench.image("plain.qcow2", "", 4 << 20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "info --image-opts driver=qcow2,file.filename=@d.qcow2,data-file.filename=@moved.raw",
        "info --image-opts file.filename=@d.qcow2,data-file.filename=@none.raw",
        "info --image-opts file.filename=@plain.qcow2,data-file.filename=@none.raw",
        "map --image-opts file.filename=@d.qcow2,data-file.filename=@moved.raw",
        "map --image-opts file.filename=@d.qcow2,data-file.driver=file,data-file.filename=@moved.raw",
        "map --image-opts file.filename=@d.qcow2,data-file.driver=raw,"
            + "data-file.file.filename=@moved.raw",
        "map --image-opts file.filename=@d.qcow2,data-file.filename=@moved.raw,"
            + "data-file.cache.direct=off,data-file.locking=off",
        "map --output=json json:{'driver':'qcow2','file':{'driver':'file','filename':'@d.qcow2'},"
            + "'data-file':{'driver':'file','filename':'@moved.raw'}}",
        "check --image-opts driver=qcow2,file.filename=@d.qcow2,data-file.filename=@moved.raw",
        "measure -O qcow2 --image-opts file.filename=@d.qcow2,data-file.filename=@moved.raw",
        "compare --image-opts file.filename=@d.qcow2,data-file.filename=@moved.raw"
            + " driver=raw,file.filename=@moved.raw",
      })
  void isReadWithTheFileThatTheUserNames(String line) {
    assertThat(agreed(line).exitCode()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "map @d.qcow2",
        "map --image-opts file.filename=@d.qcow2,data-file.filename=@none.raw",
        "map --image-opts file.filename=@d.qcow2,data-file.filename=",
        "map --image-opts file.filename=@d.qcow2,data-file.driver=file",
        "map --image-opts file.filename=@d.qcow2,data-file.driver=raw",
        "map --image-opts file.filename=@d.qcow2,data-file.locking=off",
        "map --image-opts file.filename=@d.qcow2,data-file=@moved.raw",
        "map --image-opts file.filename=@plain.qcow2,data-file.filename=@moved.raw",
        "map --image-opts file.filename=@moved.raw,data-file.filename=@moved.raw",
        "map --image-opts driver=raw,file.filename=@plain.qcow2,data-file.filename=@moved.raw",
      })
  void isRefusedWhereNoFileIsNamedThatCouldBeIt(String line) {
    assertThat(agreed(line).exitCode()).isEqualTo(1);
  }

  private ToolRun agreed(String line) {
    ToolRun theirs = QEMU.img(arguments(line));
    OurRun ours = OurRun.asQemuImg(arguments(line));
    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
    return theirs;
  }

  @Test
  void goesIntoACopyWholly() throws IOException {
    succeed("convert -O raw " + DESCRIPTION + "@copy.raw");

    assertThat(directory.resolve("copy.raw"))
        .hasSameBinaryContentAs(directory.resolve("moved.raw"));
  }

  @Test
  void isWrittenWhereTheUserSaysAndTheImageLearnsTheNewName() throws IOException {
    succeed("resize " + DESCRIPTION + "5M");
    succeed("amend -o data_file=@moved.raw " + DESCRIPTION);
    succeed("bench -w -c 1 -s 65536 -o 3145728 --pattern 9 " + DESCRIPTION);

    assertThat(directory.resolve("d.raw")).doesNotExist();
    QEMU.io(directory.resolve("d.qcow2"), "read -P 7 0 1M", "read -P 0 4M 1M", "read -P 9 3M 64k");
    assertThat(QEMU.img("check", directory.resolve("d.qcow2").toString()).exitCode()).isZero();
  }

  private void succeed(String line) {
    OurRun run = OurRun.asQemuImg(arguments(line));
    assertThat(run.exitCode()).as("%s", run).isZero();
  }

  /** An argument with {@code @} names a file of the directory. */
  private List<String> arguments(String line) {
    return Arrays.stream(line.split(" ", -1))
        .filter(word -> !word.isEmpty())
        .map(word -> word.replace("@", directory + "/"))
        .toList();
  }
}
