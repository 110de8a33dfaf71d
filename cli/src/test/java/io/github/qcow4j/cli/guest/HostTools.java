package io.github.qcow4j.cli.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The programs of the host that a guest is made with. Where one is missing the test is skipped. */
final class HostTools {

  private static final List<Path> FOLDERS =
      Stream.concat(
              Stream.of(System.getenv("PATH").split(":", -1)).filter(each -> !each.isEmpty()),
              Stream.of("/usr/sbin", "/sbin"))
          .map(Path::of)
          .toList();

  /** Where {@code .ci/run} unpacks the kernel's package; the tests run in a module's folder. */
  private static final Path KERNEL_FOLDER = Path.of("..", "target", "guest-kernel");

  private HostTools() {}

  /** Skips what called it, visibly, when something is missing; where CI is true, fails it. */
  static void require() throws IOException {
    List<String> missing = new ArrayList<>();
    for (String tool :
        List.of(
            "qemu-system-x86_64", "qemu-ga", "busybox", "cpio", "mkfs.ext4", "e2fsck", "debugfs")) {
      if (find(tool) == null) {
        missing.add(tool);
      }
    }
    if (kernel() == null) {
      missing.add("the kernel that .ci/run unpacks to target/guest-kernel");
    }
    if (!System.getProperty("os.arch").equals("amd64")) {
      missing.add("an x86-64 host");
    }
    if (!missing.isEmpty()) {
      String message = "a real guest needs " + String.join(", ", missing);
      if ("true".equals(System.getenv("CI"))) {
        fail(message);
      }
      assumeTrue(false, message);
    }
  }

  static Path tool(String name) {
    Path found = find(name);
    assertThat(found).as(name).isNotNull();
    return found;
  }

  /** The kernel's image. */
  static Path kernelImage() throws IOException {
    Path found = kernel();
    assertThat(found).as("kernel").isNotNull();
    return found;
  }

  /** A module's file, or null when the kernel has it built in. */
  static Path kernelModule(String name) throws IOException {
    try (Stream<Path> files = Files.walk(KERNEL_FOLDER.resolve("lib/modules"))) {
      return files
          .filter(each -> each.getFileName().toString().equals(name + ".ko"))
          .findFirst()
          .orElse(null);
    }
  }

  /** Runs a program to its end, which must be good, and gives what it printed. */
  static String run(Path directory, String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of(command));
    words.set(0, tool(command[0]).toString());
    Process process =
        new ProcessBuilder(words).directory(directory.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s\n%s", words, output).isZero();
    return output;
  }

  private static Path find(String name) {
    return FOLDERS.stream()
        .map(each -> each.resolve(name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  private static Path kernel() throws IOException {
    Path boot = KERNEL_FOLDER.resolve("boot");
    if (!Files.isDirectory(boot)) {
      return null;
    }
    try (Stream<Path> files = Files.list(boot)) {
      return files
          .filter(each -> each.getFileName().toString().startsWith("vmlinuz"))
          .findFirst()
          .map(Path::toAbsolutePath)
          .orElse(null);
    }
  }
}
