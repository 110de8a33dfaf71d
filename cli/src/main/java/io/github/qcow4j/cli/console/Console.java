package io.github.qcow4j.cli.console;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What surrounds one call of the program: its streams, its environment, the files of the host, and
 * the job it is about. {@link #cancel} may be called by any thread, and so may {@link #error}; all
 * else is for the program's own.
 */
public final class Console {

  private final Personality personality;
  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final Supplier<Volume> volume;
  private final Deadline deadline = new Deadline(this);
  private @Nullable Binary binary;
  private Runnable jobStarting = () -> {};
  private volatile @Nullable JobControl job;
  private volatile boolean cancelled;
  private volatile boolean verbose;
  private volatile boolean done;

  /**
   * @param personality whose part the program plays
   * @param out standard output
   * @param err standard error
   * @param environment the environment's variables
   * @param volume where names are looked up; asked for when first needed
   */
  public Console(
      Personality personality,
      PrintStream out,
      PrintStream err,
      Map<String, String> environment,
      Supplier<Volume> volume) {
    this.personality = personality;
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.volume = volume;
  }

  /** Whose part the program plays. */
  public Personality personality() {
    return personality;
  }

  /** Standard output. */
  public PrintStream out() {
    return out;
  }

  /** Standard output for bytes. */
  public interface Binary {

    /** Where they go. */
    WritableByteChannel channel();

    /** Makes them durable, for when they go to a file. */
    void sync() throws IOException;
  }

  /** The same console with a way for bytes to standard output. */
  public Console withBinary(Binary output) {
    binary = output;
    return this;
  }

  /** The same console that does something when the first job begins. */
  public Console beforeFirstJob(Runnable action) {
    jobStarting = action;
    return this;
  }

  /** Standard output for bytes; what was printed before has gone out. */
  public Binary binary() {
    out.flush();
    Binary known = binary;
    return new NamedOutput(known != null ? known : new PrintedBytes(out));
  }

  /** Bytes where all else is printed. */
  private record PrintedBytes(PrintStream out) implements Binary {

    @Override
    public WritableByteChannel channel() {
      return Channels.newChannel(out);
    }

    @Override
    public void sync() {
      out.flush();
    }
  }

  /** Notes that what was asked for is done, and nothing but the answer may still be lost. */
  public void onlyAnswerLeft() {
    done = true;
  }

  /** What is to be said when standard output did not take all. */
  public String outputFailure() {
    return "Could not write to standard output" + (done ? "; all but the answer is done" : "");
  }

  /** Standard error. */
  public PrintStream err() {
    return err;
  }

  /** Says on standard error how far the job is, if there is one. */
  public void showProgress() {
    JobControl running = job;
    if (running != null) {
      long total = running.totalUnits();
      double percent = total == 0 ? 0 : Math.min(100.0, running.doneUnits() * 100.0 / total);
      err.print(String.format(Locale.ROOT, "    (%3.2f/100%%)\n", percent));
      err.flush();
    }
  }

  /** The value of an environment variable, or null when it is not set. */
  public @Nullable String environment(String name) {
    return environment.get(name);
  }

  /** When the call has to have ended. */
  public Deadline deadline() {
    return deadline;
  }

  /** Where names are looked up. */
  public Volume volume() {
    return volume.get();
  }

  /** How failures read here. */
  public ErrorText errorText() {
    return new ErrorText(personality);
  }

  /**
   * Says on standard error what went wrong, in a line that begins with the program's name, whatever
   * characters stand in the text.
   */
  public synchronized void error(String line) {
    out.flush();
    err.print(personality.programName() + ": " + ErrorText.oneLine(line) + "\n");
    err.flush();
  }

  /** Adds a line to an error, without the program's name. */
  public synchronized void hint(String line) {
    err.print(ErrorText.oneLine(line) + "\n");
    err.flush();
  }

  /** Adds text to an error as it is, without the end of the line. */
  public synchronized void rest(String text) {
    err.print(text);
    err.flush();
  }

  /** Whether the user wants to hear how things were done; {@code -v} before the command. */
  public boolean isVerbose() {
    return verbose;
  }

  /** Makes the program tell how things were done. */
  public void beVerbose() {
    verbose = true;
  }

  /** Says on standard error how something was done, to those who want to hear it. */
  public void note(String line) {
    if (verbose) {
      error(line);
    }
  }

  /** Begins a job that {@link #cancel} stops. */
  public JobControl startJob(JobControl.ProgressListener listener) {
    return start(JobControl.reportingTo(listener));
  }

  /** Begins a job that {@link #cancel} stops, and that nobody follows unless they ask. */
  public JobControl startJob() {
    return start(new JobControl());
  }

  private JobControl start(JobControl started) {
    Runnable starting = jobStarting;
    jobStarting = () -> {};
    starting.run();
    job = started;
    if (cancelled) {
      started.cancel();
    }
    return started;
  }

  /**
   * Stops the job that is under way, and any that would follow.
   *
   * @return whether there is a job, which may have something to clean up
   */
  public boolean cancel() {
    cancelled = true;
    JobControl running = job;
    if (running != null) {
      running.cancel();
    }
    return running != null;
  }

  /** Whether the program was asked to stop. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** Whether stack traces are wanted. */
  public boolean debugging() {
    return environment.containsKey("QCOW4J_DEBUG") || Boolean.getBoolean("qcow4j.debug");
  }

  /** Prints a stack trace, for those who want one. */
  public void trace(Throwable failure) {
    if (debugging()) {
      failure.printStackTrace(err);
      err.flush();
    }
  }
}
