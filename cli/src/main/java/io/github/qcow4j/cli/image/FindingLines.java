package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.check.SnapshotFinding;
import java.util.List;

/**
 * The findings of a check on their way to standard error. Where there are millions, many go in one
 * write: each by itself took longer to be written than to be found. The first of them, and one that
 * comes after a while, goes at once. Safe for many threads.
 */
final class FindingLines implements AutoCloseable {

  private static final int FULL_CHARS = 1 << 15;
  private static final long LONGEST_WAIT_NANOS = 100_000_000;

  private final Console console;
  private final StringBuilder waiting = new StringBuilder();
  private long lastWriteNanos = System.nanoTime() - LONGEST_WAIT_NANOS;

  FindingLines(Console console) {
    this.console = console;
  }

  /** Says one, now or soon; all are out when this is closed. */
  synchronized void say(CheckFinding finding) {
    String message = finding.message();
    if (finding instanceof SnapshotFinding.UnusableTable) {
      List<String> lines = message.lines().toList();
      flush();
      console.error(lines.getFirst());
      lines.subList(1, lines.size()).forEach(console::hint);
      return;
    }
    waiting.append(ErrorText.oneLine(message)).append('\n');
    if (waiting.length() >= FULL_CHARS
        || System.nanoTime() - lastWriteNanos >= LONGEST_WAIT_NANOS) {
      flush();
    }
  }

  @Override
  public synchronized void close() {
    flush();
  }

  private void flush() {
    if (!waiting.isEmpty()) {
      console.rest(waiting.toString());
      waiting.setLength(0);
      lastWriteNanos = System.nanoTime();
    }
  }
}
