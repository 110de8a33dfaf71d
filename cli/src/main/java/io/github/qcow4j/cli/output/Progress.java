package io.github.qcow4j.cli.output;

import io.github.qcow4j.qcow2.job.JobControl;
import java.io.PrintStream;

/**
 * The progress line of a job, {@code (12.34/100%)}, written again and again over itself. It moves
 * when at least so many percent are done since, and at the beginning and the end. Safe for many
 * threads.
 */
public final class Progress implements JobControl.ProgressListener, AutoCloseable {

  private final PrintStream out;
  private final double stepPercent;
  private double lastPercent = -1;
  private boolean closed;

  /**
   * @param out where to write
   * @param stepPercent how many percent of progress are worth a line
   */
  public Progress(PrintStream out, double stepPercent) {
    this.out = out;
    this.stepPercent = stepPercent;
  }

  @Override
  public synchronized void progressed(long doneUnits, long totalUnits) {
    double percent = totalUnits == 0 ? 0 : Math.min(100.0, doneUnits * 100.0 / (double) totalUnits);
    boolean moved = percent > lastPercent + stepPercent;
    boolean complete = percent == 100.0 && lastPercent < 100.0;
    if (!closed && (lastPercent < 0 || moved || complete)) {
      print(percent);
    }
  }

  /** Says that all is done, whatever the job counted. */
  public synchronized void complete() {
    print(100.0);
  }

  private void print(double percent) {
    lastPercent = percent;
    out.print("    (" + Percent.text(percent) + "/100%)\r");
    out.flush();
  }

  /** Ends the line; nothing is written afterwards. */
  @Override
  public synchronized void close() {
    closed = true;
    out.print("\n");
    out.flush();
  }
}
