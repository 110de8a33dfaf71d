package io.github.qcow4j.cli.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest that runs, with its console. Nothing is waited for by the clock: it says when it is
 * ready, and how each command ended.
 */
final class Guest implements AutoCloseable {

  private static final String READY = "guest is ready";
  private static final String ENDED = "exit code ";

  private final Process process;
  private final BufferedReader console;
  private final Writer keyboard;
  private final StringBuilder said = new StringBuilder();

  private Guest(Process process) {
    this.process = process;
    this.console = process.inputReader(StandardCharsets.UTF_8);
    this.keyboard = process.outputWriter(StandardCharsets.UTF_8);
  }

  /**
   * QEMU's command line for a guest, without acceleration, as that may hang where it is offered.
   */
  static List<String> commandLine(GuestParts parts, String disk, Path agentSocket) {
    return List.of(
        HostTools.tool("qemu-system-x86_64").toString(),
        "-accel",
        "tcg",
        "-m",
        "256",
        "-nodefaults",
        "-display",
        "none",
        "-serial",
        "stdio",
        "-no-reboot",
        "-kernel",
        parts.kernel().toString(),
        "-initrd",
        parts.initramfs().toString(),
        "-append",
        "console=ttyS0 quiet",
        "-drive",
        "file=" + disk + ",format=qcow2,if=virtio",
        "-device",
        "virtio-serial",
        "-chardev",
        "socket,path=" + agentSocket + ",server=on,wait=off,id=agent",
        "-device",
        "virtserialport,chardev=agent,name=org.qemu.guest_agent.0");
  }

  /** Boots a guest from a qcow2 disk and waits until it takes commands. */
  static Guest boot(GuestParts parts, Path disk, Path agentSocket) throws IOException {
    return start(List.of(), commandLine(parts, disk.toString(), agentSocket));
  }

  /** The same by a command line, behind another that starts it. */
  static Guest start(List<String> before, List<String> commandLine) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.addAll(commandLine);
    Guest guest = new Guest(new ProcessBuilder(command).redirectErrorStream(true).start());
    try {
      String line = guest.readLine();
      while (!line.endsWith(READY)) {
        line = guest.readLine();
      }
      return guest;
    } catch (Throwable e) {
      guest.close();
      throw e;
    }
  }

  /** What was started. */
  Process process() {
    return process;
  }

  /** Runs a command in the guest, which must end well, and gives what it printed. */
  String run(String command) throws IOException {
    keyboard.write(command + "\n");
    keyboard.flush();
    StringBuilder output = new StringBuilder();
    String line = readLine();
    while (!line.startsWith(ENDED)) {
      output.append(line).append('\n');
      line = readLine();
    }
    assertThat(line).as("%s\n%s", command, output).isEqualTo(ENDED + 0);
    return output.toString();
  }

  /** Switches it off without telling anybody in it; what was not synced is gone. */
  void powerOff() throws IOException, InterruptedException {
    keyboard.write("poweroff -f\n");
    keyboard.flush();
    while (console.readLine() != null) {
      // What the kernel says at the end.
    }
    assertThat(process.waitFor()).as(said.toString()).isZero();
  }

  @Override
  public void close() {
    List<ProcessHandle> children = process.descendants().toList();
    children.forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      console.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String readLine() throws IOException {
    String line = console.readLine();
    assertThat(line).as("the guest ended after\n%s", said).isNotNull();
    said.append(line).append('\n');
    return line.replace("\r", "");
  }
}
