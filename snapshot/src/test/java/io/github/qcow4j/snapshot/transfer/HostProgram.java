package io.github.qcow4j.snapshot.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs other people's programs, as oracles. */
public final class HostProgram {

  private HostProgram() {}

  /**
   * Runs a program to its end, and requires that it says it did well. Where it is missing, the
   * calling test is skipped visibly, or fails with {@code CI=true}.
   *
   * @return its standard output
   */
  public static String run(Path directory, String program, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(QemuTools.requireProgram(program).toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.redirectErrorStream(true).environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(command + ":\n" + output).isZero();
    return output;
  }
}
