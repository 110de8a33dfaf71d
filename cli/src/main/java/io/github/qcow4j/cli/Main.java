package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Deadline;
import io.github.qcow4j.cli.console.HostSignals;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.nativeio.Volumes;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.util.List;

/** Where the program starts. */
public final class Main {

  /**
   * What a pipe holds. A map of twenty thousand extents into a pipe takes the same with 8 KiB, 64
   * KiB and 1 MiB: 0.30, 0.29 and 0.29 s of processor time.
   */
  private static final int OUTPUT_BUFFER_BYTES = 1 << 16;

  /** A job looks every few milliseconds whether it should stop, and removes one file then. */
  static final long CLEAN_UP_SECONDS = 3;

  /** A system property of the folder's launcher. */
  private static final String NOTHING_UNPACKED = "qcow4j.nothing-unpacked";

  private Main() {}

  /**
   * Runs the command line and ends the JVM with its exit code.
   *
   * @param args the arguments as the shell gave them
   */
  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(
            new BufferedOutputStream(System.out, OUTPUT_BUFFER_BYTES), false, System.out.charset());
    Console console =
        new Console(
            Personality.of(System.getProperty("qcow4j.personality", "qcow4j")),
            out,
            System.err,
            System.getenv(),
            Volumes::host);
    console
        .withBinary(new HostOutput())
        // Users ask by it how far a job is; without anybody to answer it would kill.
        .beforeFirstJob(() -> {
          boolean _ = HostSignals.answer("USR1", console::showProgress);
        });
    Ending ending = new Ending();
    Thread atSignal = new Thread(() -> stop(console, ending), "qcow4j-stop");
    if (!isAdded(atSignal)) {
      return;
    }
    Deadline deadline = console.deadline();
    deadline.watchedBy(
        limit -> new DeadlineWatch(deadline, ending, () -> endBeside(atSignal)).begin(limit));
    Program program = new Program(console);
    int exitCode = 1;
    try {
      exitCode = program.run(List.of(args));
      if (System.out.checkError() && exitCode == 0) {
        console.error(console.outputFailure());
        exitCode = program.failureExitCode();
      }
    } finally {
      ending.finish();
    }
    ending.claimOrWait();
    end(atSignal, exitCode);
  }

  /** False when a signal was quicker: the virtual machine ends already, and nothing is begun. */
  private static boolean isAdded(Thread atSignal) {
    try {
      Runtime.getRuntime().addShutdownHook(atSignal);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /**
   * At once where nothing is left to be done: {@code System.exit} looks for somebody who logs it,
   * for 2 ms. That is so in the folder, whose launcher says that nothing was unpacked which a
   * library wants to remove at the end. While the JVM ends by a signal, it is for that to finish,
   * with its own exit code.
   */
  private static void end(Thread atSignal, int exitCode) {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(atSignal);
      if (Boolean.getBoolean(NOTHING_UNPACKED)) {
        Runtime.getRuntime().halt(exitCode);
      }
    } catch (IllegalStateException e) {
      // It is ending by a signal.
    }
    System.exit(exitCode);
  }

  /**
   * While the program still runs. It does not halt: a guest that was made to hold still for a
   * capture is let go by another hook.
   */
  private static void endBeside(Thread atSignal) {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(atSignal);
    } catch (IllegalStateException e) {
      // It is ending by a signal, with the exit code of that.
    }
    System.exit(TimeLimit.EXIT_CODE);
  }

  /**
   * Runs the command line inside this process.
   *
   * @param console what surrounds the call; its output is flushed on return
   * @param args the arguments
   * @return the exit code
   */
  public static int run(Console console, String... args) {
    return new Program(console).run(List.of(args));
  }

  /**
   * On a signal the JVM comes here while the program still runs: the job is stopped and may clean
   * up before the JVM ends with 128 and the number of the signal. At a normal end there is nothing
   * left to wait for, and none either for a job that hangs in the kernel, in a pipe that nobody
   * reads for example: what it has not named yet vanishes by itself.
   */
  private static void stop(Console console, Ending ending) {
    if (!console.cancel()) {
      return;
    }
    try {
      boolean _ = ending.awaitFinish(CLEAN_UP_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
