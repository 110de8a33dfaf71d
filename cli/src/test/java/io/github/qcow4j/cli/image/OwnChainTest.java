package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An image is not made in the place of a file that it is to lie on, and gets no backing file that
 * lies on it, by whatever names: the data below would be gone, and the chain a loop.
 */
final class OwnChainTest {

  private static final int DISK_BYTES = 1 << 20;

  /** {@code top.q} on {@code mid.q} on {@code base.q}; {@code over.q} on {@code outside.q}. */
  private static final List<String> PREPARATIONS =
      List.of(
          "convert -f raw -O qcow2 @disk.raw @base.q",
          "create -q -f qcow2 -b base.q -F qcow2 @mid.q",
          "create -q -f qcow2 -b mid.q -F qcow2 @top.q",
          "convert -f raw -O qcow2 -o data_file=@outside.data @disk.raw @outside.q",
          "create -q -f qcow2 -b outside.q -F qcow2 @over.q",
          "create -q -f qcow2 @other.q 1M");

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  @BeforeEach
  void prepare() throws IOException {
    byte[] disk = new byte[DISK_BYTES];
    new Random(1).nextBytes(disk);
    Files.write(directory.resolve("disk.raw"), disk);
    for (String each : PREPARATIONS) {
      OurRun run = run(each);
      assertThat(run.exitCode()).as("%s", run).isZero();
    }
    for (String name : List.of("top.q", "mid.q", "disk.raw", "outside.data")) {
      Files.createSymbolicLink(directory.resolve("to-" + name), Path.of(name));
    }
    Files.createLink(directory.resolve("also-base.q"), directory.resolve("base.q"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create -f qcow2 -b top.q -F qcow2 @base.q",
        "create -f qcow2 -b top.q -F qcow2 @base.q 1M",
        "create -f qcow2 -b top.q -F qcow2 @mid.q",
        "create -f qcow2 -b top.q -F qcow2 @also-base.q",
        "create -f qcow2 -b to-top.q -F qcow2 @top.q",
        "create -f qcow2 -b top.q -F qcow2 @to-top.q",
        "create -f qcow2 -b top.q -F qcow2 @to-mid.q",
        "create -f qcow2 -b ./top.q -F qcow2 @top.q",
        "create -f qcow2 -b to-disk.raw -F raw @disk.raw",
        "create -f qcow2 -b over.q -F qcow2 @outside.q",
        "create -f qcow2 -b over.q -F qcow2 @outside.data",
        "create -f qcow2 -b base.q -F qcow2 -o data_file=@base.q @new.q 4M",
        "create -f qcow2 -b top.q -F qcow2 -o data_file=@to-mid.q @new.q",
        "create -f qcow2 -b over.q -F qcow2 -o data_file=@to-outside.data @new.q",
      })
  void createMakesNoFileInThePlaceOfOneThatItLiesOn(String command) throws IOException {
    assertRefused(command);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "convert -f raw -O qcow2 -B top.q -F qcow2 @disk.raw @base.q",
        "convert -U -f raw -O qcow2 -B top.q -F qcow2 @disk.raw @base.q",
        "convert -U -f raw -O qcow2 -B top.q -F qcow2 @disk.raw @to-mid.q",
        "convert -U -f raw -O qcow2 -B to-top.q -F qcow2 @disk.raw @top.q",
        "convert -U -f raw -O qcow2 -B over.q -F qcow2 @disk.raw @to-outside.data",
        "convert -U -f raw -O qcow2 -B base.q -F qcow2 -o data_file=@base.q @disk.raw @new.q",
        "convert -U -f qcow2 -O qcow2 -B over.q -F qcow2 -o data_file=@outside.data @top.q @new.q",
      })
  void convertMakesNoFileInThePlaceOfOneThatItLiesOn(String command) throws IOException {
    assertRefused(command);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rebase -b top.q -F qcow2 @base.q",
        "rebase -U -b top.q -F qcow2 @base.q",
        "rebase -U -b to-top.q -F qcow2 @mid.q",
        "rebase -U -b top.q -F qcow2 @also-base.q",
        "rebase -U -b other.q -F qcow2 @other.q",
        "rebase -U -b over.q -F qcow2 @outside.q",
        "rebase -U -b to-outside.data -F raw @outside.q",
      })
  void rebaseNamesNoBackingFileThatLiesOnTheImage(String command) throws IOException {
    assertRefused(command);
  }

  @Test
  void whatLiesOutsideOfTheChainIsReplacedAsEver() {
    List<String> commands =
        List.of(
            "create -q -f qcow2 -b top.q -F qcow2 @other.q",
            "create -q -f qcow2 -b top.q -F qcow2 -o data_file=@disk.raw @other.q",
            "create -q -f qcow2 -b mid.q -F qcow2 @to-top.q",
            "rebase -b base.q -F qcow2 @top.q");
    for (String each : commands) {
      OurRun run = run(each);
      assertThat(run.exitCode()).as("%s", run).isZero();
    }
  }

  private void assertRefused(String command) throws IOException {
    List<String> before = content();
    OurRun run = run(command);
    assertThat(run.exitCode()).as("%s", run).isEqualTo(1);
    assertThat(run.stderr())
        .as("%s", run)
        .matches(
            "qcow4j: [^\n]*(of the backing chain|lies on the image itself|lock)[^\n]*\n"
                + "(Is another process using the image [^\n]*\n)?");
    assertThat(content()).isEqualTo(before);
  }

  /** Every name with what it is: contents by their hash, so that a failure can be read. */
  private List<String> content() throws IOException {
    TreeMap<String, String> files = new TreeMap<>();
    try (Stream<Path> names = Files.list(directory)) {
      for (Path each : names.toList()) {
        files.put(
            each.getFileName().toString(),
            Files.isSymbolicLink(each)
                ? "-> " + Files.readSymbolicLink(each)
                : Files.readAttributes(each, "unix:ino").get("ino")
                    + " "
                    + Arrays.hashCode(Files.readAllBytes(each)));
      }
    }
    List<String> lines = new ArrayList<>();
    files.forEach((name, what) -> lines.add(name + " " + what));
    return lines;
  }

  /** A word that names a file here has an at sign before it. */
  private OurRun run(String command) {
    return OurRun.asQcow4j(
        Arrays.stream(command.split(" ", -1))
            .map(word -> word.replace("@", directory + "/"))
            .toArray(String[]::new));
  }
}
