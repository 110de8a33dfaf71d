package io.github.qcow4j.cli.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Calls of the real {@code qemu-io} and {@code qemu-img} on qcow2 images, which must succeed. */
public final class QemuIo {

  private QemuIo() {}

  /** Runs commands of {@code qemu-io} one after the other; what begins with a dash is an option. */
  public static void run(Path disk, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
    for (String each : arguments) {
      command.addAll(each.startsWith("-") ? List.of(each) : List.of("-c", each));
    }
    command.add(disk.toString());
    assertThat(output(command)).doesNotContain("failed");
  }

  /** Changes the backing file's name in the header, and nothing else. */
  public static void rebase(Path disk, String backing) throws Exception {
    String output =
        output(
            List.of(
                "qemu-img",
                "rebase",
                "-u",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                "-b",
                backing,
                disk.toString()));
    assertThat(output).isEmpty();
  }

  private static String output(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s\n%s", command, output).isZero();
    return output;
  }
}
