package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.error.LimitExceededException;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Counts findings by severity on their way to the caller. For the check's own thread. */
final class CheckTally {

  private final Consumer<? super CheckFinding> sink;
  private long corruptions;
  private long leaks;
  private long checkErrors;
  private long corruptionsFixed;
  private long leaksFixed;
  private long reported;
  private long allowed = Long.MAX_VALUE;
  private @Nullable Supplier<LimitExceededException> refusal;
  private @Nullable IOException storageFailure;

  /** What is counted at one moment. */
  record Counts(long corruptions, long leaks, long checkErrors) {}

  CheckTally(Consumer<? super CheckFinding> sink) {
    this.sink = sink;
  }

  void report(CheckFinding finding) {
    switch (finding.severity()) {
      case CORRUPTION -> corruptions++;
      case LEAK -> leaks++;
      case CHECK_ERROR -> countError(finding);
      case REPAIRED -> countRepaired((RepairFinding) finding);
      case NOTE -> {}
    }
    if (refusal != null && reported >= allowed) {
      throw new EndedByLimit(refusal.get());
    }
    reported++;
    sink.accept(finding);
  }

  private void countError(CheckFinding finding) {
    checkErrors++;
    if (storageFailure == null && finding instanceof RefcountFinding.UnknownRefcount unknown) {
      storageFailure = unknown.failure();
    }
  }

  private void countRepaired(RepairFinding finding) {
    switch (finding) {
      case RepairFinding.Repairing repairing -> {
        if (repairing.found().severity() == CheckFinding.Severity.LEAK) {
          leaksFixed++;
        } else {
          corruptionsFixed++;
        }
      }
      case RepairFinding.SnapshotsDiscarded discarded -> corruptionsFixed += discarded.count();
      default -> corruptionsFixed++;
    }
  }

  /** Something turned out to be wrong still that was reported as repaired. */
  void revoke(long count) {
    corruptionsFixed -= count;
    corruptions += count;
  }

  /** Tells of something as wrong still that was reported as repaired. */
  void reportUnrepaired(CheckFinding finding) {
    corruptionsFixed--;
    report(finding);
  }

  /** Repairs that only undo what this repair did itself are none to speak of. */
  void forgetFixedLeaks() {
    leaksFixed = 0;
  }

  Counts counts() {
    return new Counts(corruptions, leaks, checkErrors);
  }

  /** Counts on from there: what was found since is looked at again, or no longer so. */
  void restart(Counts from) {
    corruptions = from.corruptions;
    leaks = from.leaks;
    checkErrors = from.checkErrors;
  }

  /** Counts what was wrong before and is no longer as put right. */
  void addFixed(Counts before, Counts after) {
    corruptionsFixed += Math.max(0, before.corruptions - after.corruptions);
    leaksFixed += Math.max(0, before.leaks - after.leaks);
  }

  /**
   * Allows so many findings from now on, of whatever kind.
   *
   * @param instead what {@link EndedByLimit} is thrown with instead of telling one more
   */
  void allow(long count, Supplier<LimitExceededException> instead) {
    allowed = reported + count;
    refusal = instead;
  }

  /** The first failure of the storage by which something could not be checked, or null. */
  @Nullable IOException storageFailure() {
    return storageFailure;
  }

  long corruptions() {
    return corruptions;
  }

  long leaks() {
    return leaks;
  }

  long checkErrors() {
    return checkErrors;
  }

  long corruptionsFixed() {
    return corruptionsFixed;
  }

  long leaksFixed() {
    return leaksFixed;
  }
}
