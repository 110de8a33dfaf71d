package io.github.qcow4j.qcow2.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An image that a running {@code qemu-io} has open, until this is closed. */
public final class HeldImage implements AutoCloseable {

  private final Process process;

  private HeldImage(Process process) {
    this.process = process;
  }

  /**
   * Starts {@code qemu-io} on an image and returns when it has it open.
   *
   * @param options more options of qemu-io, {@code -r} for example
   * @throws AssertionError when it did not open the image
   */
  public static HeldImage open(Path image, String format, String... options) {
    List<String> command = new ArrayList<>();
    command.add(QemuTools.require().qemuIo().toString());
    command.addAll(List.of(options));
    command.addAll(List.of("-f", format, image.toString()));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      // An answer to a question proves that the image is open.
      process.getOutputStream().write("length\n".getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().flush();
      BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
      String answer = output.readLine();
      if (answer == null || !answer.startsWith("qemu-io> ")) {
        process.destroyForcibly();
        throw new AssertionError("qemu-io did not open " + image + ": " + answer);
      }
      return new HeldImage(process);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the process as a power switch would. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Lets go of the image; it is free on return. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(QemuTools.TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError("qemu-io did not end");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
