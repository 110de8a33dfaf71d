package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeReport.Line;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Notes what a check finds, and mends it where that is wanted and can be. For one thread. */
final class Findings {

  private final boolean repairing;
  private final List<Line> lines = new ArrayList<>();

  /**
   * @param repairing whether to mend
   */
  Findings(boolean repairing) {
    this.repairing = repairing;
  }

  /** Puts something right. */
  @FunctionalInterface
  interface Mending {

    /** Does it; durable on return. Returns what was done, or throws when it cannot be. */
    String mend() throws IOException;
  }

  boolean repairing() {
    return repairing;
  }

  List<Line> lines() {
    return lines;
  }

  /** Something that nothing can be done about here. */
  void add(HomeFinding finding) {
    lines.add(new Line(finding, null, null));
  }

  /** Something that can be mended; returns whether it is. */
  boolean add(HomeFinding finding, Mending mending) throws IOException {
    if (!repairing) {
      add(finding);
      return false;
    }
    try {
      lines.add(new Line(finding, mending.mend(), null));
      return true;
    } catch (BoxException | ImageException e) {
      lines.add(new Line(finding, null, e.getMessage()));
      return false;
    }
  }
}
