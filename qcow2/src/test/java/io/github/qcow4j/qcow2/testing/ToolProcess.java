package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Runs one process to its end within a bounded time and keeps what it said. */
final class ToolProcess {

  private ToolProcess() {}

  /**
   * Runs {@code command} in {@code directory} with no input and the C locale.
   *
   * @throws AssertionError when it has not ended after {@code timeoutSeconds}; it is killed then
   */
  static ToolRun run(List<String> command, Path directory, long timeoutSeconds) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      process.getOutputStream().close();
      FutureTask<String> stdout = drain(process.getInputStream());
      FutureTask<String> stderr = drain(process.getErrorStream());
      if (!ends(process, timeoutSeconds)) {
        throw new AssertionError(
            "no end after "
                + timeoutSeconds
                + " s: "
                + ShellText.of(command)
                + "\n"
                + stdout.get()
                + stderr.get());
      }
      return new ToolRun(command, directory, process.exitValue(), stdout.get(), stderr.get());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run " + ShellText.of(command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + ShellText.of(command), e);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("cannot read the output of " + ShellText.of(command), e);
    }
  }

  /**
   * Whether the process ended by itself; it is killed otherwise, also when this thread is
   * interrupted.
   */
  private static boolean ends(Process process, long timeoutSeconds) throws InterruptedException {
    try {
      return process.waitFor(timeoutSeconds, TimeUnit.SECONDS);
    } finally {
      // Destroying an ended process would close its outputs before they are read.
      if (process.isAlive()) {
        process.destroyForcibly().onExit().join();
      }
    }
  }

  private static FutureTask<String> drain(InputStream stream) {
    FutureTask<String> task =
        new FutureTask<>(() -> {
          try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
          }
        });
    Thread.ofVirtual().start(task);
    return task;
  }
}
