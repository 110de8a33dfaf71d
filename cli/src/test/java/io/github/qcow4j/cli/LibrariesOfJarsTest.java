package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Run from ordinary jars, libraries unpack what is native in them, and remove it at the end. */
final class LibrariesOfJarsTest {

  @TempDir private Path directory;

  @Test
  void leaveNothingBehindInTheDirectoryForTemporaryFiles()
      throws IOException, InterruptedException {
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    Path disk = Files.write(directory.resolve("disk.raw"), new byte[1 << 16]);

    Process made =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName(),
                "box",
                "--home",
                directory.resolve("home").toString(),
                "create",
                "web",
                "--from",
                disk.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("said").toFile())
            .start();

    assertThat(made.waitFor()).as(Files.readString(directory.resolve("said"))).isZero();
    try (var left = Files.list(temporary)) {
      List<String> names =
          left.map(each -> each.getFileName().toString())
              .filter(each -> !each.startsWith("hsperfdata"))
              .toList();
      assertThat(names).isEmpty();
    }
  }
}
