package io.github.qcow4j.snapshot.quiesce;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A program of the user's, called with the argument {@code freeze} before and {@code thaw} after
 * the capture, and the box's name in the environment variable {@value #BOX_VARIABLE}. It must end
 * with 0 in time; one that does not is killed, with all it has started. After a {@code freeze} that
 * failed {@code thaw} is called as well.
 */
public final class HookProgram implements Quiescer {

  /** The environment variable that names the box. */
  public static final String BOX_VARIABLE = "QCOW4J_BOX";

  /** How long it may take when nobody says otherwise. */
  public static final long TIMEOUT_MILLIS = 30_000;

  /** Five lines of a terminal: a message quotes the reason, it is not the program's log. */
  private static final int MAX_TOLD_BYTES = 400;

  private final Path program;
  private final String boxName;
  private final long timeoutMillis;

  /**
   * @param program the file to execute
   * @param boxName which box is captured
   */
  public HookProgram(Path program, String boxName) {
    this(program, boxName, TIMEOUT_MILLIS);
  }

  /**
   * @param program the file to execute
   * @param boxName which box is captured
   * @param timeoutMillis how long each call may take, at least 1
   */
  public HookProgram(Path program, String boxName, long timeoutMillis) {
    this.program = program;
    this.boxName = boxName;
    this.timeoutMillis = timeoutMillis;
  }

  @Override
  public Consistency consistency() {
    return Consistency.FILE_SYSTEM;
  }

  @Override
  public Hold freeze(JobControl control) throws IOException {
    Frozen frozen = new Frozen();
    try {
      call("freeze", Deadline.of(timeoutMillis, control));
    } catch (Throwable e) {
      try {
        frozen.thaw();
      } catch (IOException thawFailure) {
        e.addSuppressed(thawFailure);
      }
      throw e;
    }
    return frozen;
  }

  /**
   * Calls the program with {@code thaw}, for what another process has frozen that is gone.
   *
   * @throws QuiesceException when it fails
   */
  public void thaw() throws IOException {
    new Frozen().thaw();
  }

  /** What the program holds still. */
  private final class Frozen implements Hold {

    @Override
    public void verify() {
      // The program has said so, and there is nobody else to ask.
    }

    @Override
    public void thaw() throws IOException {
      boolean interrupted = Thread.interrupted();
      try {
        call("thaw", Deadline.unstoppable(timeoutMillis));
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  private void call(String argument, Deadline deadline) throws IOException {
    Process process = start(argument);
    LastWords lastWords = new LastWords(process.getInputStream());
    Thread listener = Thread.ofVirtual().start(lastWords);
    try {
      int exitCode = await(process, argument, deadline);
      if (exitCode != 0) {
        // All it said is in the pipe by now; but what it has started may hold that open for ever.
        listener.join(TimeUnit.SECONDS.toMillis(1));
        throw new QuiesceException(
            "the hook '%s %s' failed with exit code %d%s"
                .formatted(program, argument, exitCode, lastWords.told()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuiesceException("waiting for the hook '" + program + "' was interrupted", e);
    } finally {
      kill(process);
    }
  }

  private Process start(String argument) throws QuiesceException {
    ProcessBuilder builder =
        new ProcessBuilder(program.toString(), argument)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true);
    builder.environment().put(BOX_VARIABLE, boxName);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new QuiesceException("the hook '" + program + "' cannot be started", e);
    }
  }

  private int await(Process process, String argument, Deadline deadline)
      throws IOException, InterruptedException {
    while (!process.waitFor(deadline.stretchMillis(), TimeUnit.MILLISECONDS)) {
      deadline.check("the end of the hook '" + program + " " + argument + "'");
    }
    return process.exitValue();
  }

  /** The children first, as nobody would know them afterwards. */
  private static void kill(Process process) {
    if (process.isAlive()) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  /** Reads what the program prints, so that it never waits for a reader, and keeps the end. */
  private static final class LastWords implements Runnable {

    private final InputStream output;
    private final ByteArrayOutputStream end = new ByteArrayOutputStream();

    LastWords(InputStream output) {
      this.output = output;
    }

    @Override
    public void run() {
      // A page, as the kernel keeps what is in a pipe; nobody waits for what a hook prints.
      byte[] buffer = new byte[4096];
      try (output) {
        while (true) {
          int count = output.read(buffer);
          if (count < 0) {
            return;
          }
          keep(buffer, count);
        }
      } catch (IOException e) {
        // Words are for the message alone.
      }
    }

    private synchronized void keep(byte[] buffer, int count) {
      end.write(buffer, 0, count);
      if (end.size() > MAX_TOLD_BYTES) {
        byte[] all = end.toByteArray();
        end.reset();
        end.write(all, all.length - MAX_TOLD_BYTES, MAX_TOLD_BYTES);
      }
    }

    synchronized String told() {
      String text = end.toString(StandardCharsets.UTF_8).strip().replaceAll("\\p{Cntrl}+", " ");
      return text.isEmpty() ? "" : ": " + text;
    }
  }
}
