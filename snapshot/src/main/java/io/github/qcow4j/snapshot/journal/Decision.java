package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.snapshot.catalogue.Intent;
import java.util.List;

/** What to do about an intent whose process is dead. */
enum Decision {
  /** End it. */
  FORWARD,
  /** Undo it. */
  BACK,
  /** Remove the files that it left. */
  SWEEP;

  /**
   * The rule. Files are complete before the first switch is begun: a switch that was begun
   * therefore says that all can be ended, unless a new file's name was lost. Ending loses nothing
   * that was written to a new live disk since.
   */
  static Decision about(Intent.Phase phase, List<Progress> switches) {
    if (phase == Intent.Phase.SWEEPING) {
      return SWEEP;
    }
    boolean begun = switches.stream().anyMatch(p -> p == Progress.BEGUN || p == Progress.DONE);
    boolean lost = switches.stream().anyMatch(p -> p == Progress.LOST || p == Progress.STUCK);
    return begun && !lost ? FORWARD : BACK;
  }
}
