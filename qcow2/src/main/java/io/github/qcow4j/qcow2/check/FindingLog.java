package io.github.qcow4j.qcow2.check;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keeps the first findings of a check, and counts the rest: a damaged or hostile image can give
 * rise to any number. For one thread.
 */
public final class FindingLog implements Consumer<CheckFinding> {

  private final int maxKept;
  private final List<CheckFinding> kept = new ArrayList<>();
  private long dropped;

  /**
   * An empty log.
   *
   * @param maxKept how many findings to keep
   */
  public FindingLog(int maxKept) {
    this.maxKept = maxKept;
  }

  @Override
  public void accept(CheckFinding finding) {
    if (kept.size() < maxKept) {
      kept.add(finding);
    } else {
      dropped++;
    }
  }

  /** The findings kept, in the order in which they were found. */
  public List<CheckFinding> kept() {
    return List.copyOf(kept);
  }

  /** How many more there were. */
  public long dropped() {
    return dropped;
  }
}
