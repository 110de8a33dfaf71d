package io.github.qcow4j.snapshot.scenario;

import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A {@code qemu-io} that has a disk open for writing as long as this lives, as a hypervisor has:
 * with QEMU's locks on it, and what it knows of its tables in memory. For one thread.
 */
final class Guest implements Closeable {

  private static final String PROMPT = "qemu-io> ";

  private final Process process;
  private final Writer commands;
  private final BufferedReader answers;

  private Guest(Process process) {
    this.process = process;
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  static Guest start(QemuTools qemu, Path disk) throws IOException {
    Process process =
        new ProcessBuilder(qemu.qemuIo().toString(), "-f", "qcow2", disk.toString())
            .redirectErrorStream(true)
            .start();
    Guest guest = new Guest(process);
    try {
      guest.answer();
      return guest;
    } catch (IOException e) {
      try (guest) {
        throw e;
      }
    }
  }

  /** The process, as those who meet it are told. */
  Holder holder() {
    return Holder.of(process.toHandle(), "qemu-io");
  }

  /** Writes; it is on the disk, as a guest's {@code sync} brings it there. */
  void write(Patch... patches) throws IOException {
    for (Patch each : patches) {
      say(each.writing());
    }
    say("flush");
  }

  /** Writes what no {@code sync} has followed. */
  void scribble(Patch patch) throws IOException {
    say(patch.writing());
  }

  void reads(Patch... patches) throws IOException {
    for (Patch each : patches) {
      say(each.reading());
    }
  }

  private void say(String command) throws IOException {
    commands.write(command + "\n");
    commands.flush();
    String answer = answer();
    if (answer.contains("failed")) {
      throw new AssertionError(command + ": " + answer);
    }
  }

  private String answer() throws IOException {
    StringBuilder answer = new StringBuilder();
    while (!answer.toString().endsWith(PROMPT)) {
      int next = answers.read();
      if (next < 0) {
        throw new EOFException("qemu-io has ended: " + answer);
      }
      answer.append((char) next);
    }
    return answer.toString();
  }

  /** Switches it off in order: all that it has written is in the file. */
  @Override
  public void close() throws IOException {
    try (commands;
        answers) {
      if (process.isAlive()) {
        commands.write("quit\n");
        commands.flush();
      }
    } finally {
      process.onExit().join();
    }
  }
}
