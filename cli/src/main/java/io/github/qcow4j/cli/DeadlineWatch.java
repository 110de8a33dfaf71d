package io.github.qcow4j.cli;

import io.github.qcow4j.cli.console.Deadline;
import io.github.qcow4j.cli.option.TimeLimit;
import java.time.Duration;

/**
 * Counts the time that a call may take. When it is up the job is stopped as by a signal; if the
 * program has not finished some seconds later, whatever it hangs in, the JVM ends all the same.
 */
final class DeadlineWatch {

  /** For the last line: nobody may be reading standard error. */
  private static final Duration TELLING = Duration.ofSeconds(1);

  private final Deadline deadline;
  private final Ending ending;
  private final Runnable exit;

  /**
   * @param deadline is passed when the time is up
   * @param ending tells when the program has finished
   * @param exit ends the JVM
   */
  DeadlineWatch(Deadline deadline, Ending ending, Runnable exit) {
    this.deadline = deadline;
    this.ending = ending;
    this.exit = exit;
  }

  /** Counts from now on, in a thread that the end of the program does not wait for. */
  void begin(TimeLimit limit) {
    startDaemon("qcow4j-deadline", () -> count(limit));
  }

  private void count(TimeLimit limit) {
    try {
      if (!ending.awaitFinish(limit.seconds())
          && deadline.pass()
          && !ending.awaitFinish(Main.CLEAN_UP_SECONDS)
          && ending.claim()) {
        endWithoutProgram();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void endWithoutProgram() throws InterruptedException {
    Thread telling = startDaemon("qcow4j-last-line", () -> deadline.tell(deadline.text()));
    boolean _ = telling.join(TELLING);
    exit.run();
  }

  private static Thread startDaemon(String name, Runnable work) {
    return Thread.ofPlatform().daemon().name(name).start(work);
  }
}
