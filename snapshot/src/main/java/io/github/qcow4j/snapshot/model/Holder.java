package io.github.qcow4j.snapshot.model;

import java.time.Instant;

/**
 * A process that works with a box.
 *
 * @param pid its process number
 * @param startedAt when it began, which tells it from a later one of the same number
 * @param command what it runs, for people
 */
public record Holder(long pid, Instant startedAt, String command) {

  /** This process. */
  public static Holder ofThisProcess(String command) {
    ProcessHandle self = ProcessHandle.current();
    return new Holder(self.pid(), self.info().startInstant().orElse(Instant.EPOCH), command);
  }

  /** In words. */
  public String inWords() {
    return "process " + pid + " (" + command + ")";
  }
}
