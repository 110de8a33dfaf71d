package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Whether a job is as fast as it is to be.
 *
 * @param ours what ours took
 * @param rival the fastest of those it is held against
 * @param startSeconds what of our time is set aside
 * @param figure what the ratio is to be at most, or 0 where nothing is wanted
 */
record Verdict(Result ours, Result rival, double startSeconds, double figure) {

  /** The most memory that any job of ours is to take, in MiB. */
  static final double MOST_MIB = 256;

  /** That of the results of one job; nothing when nobody is held against it. */
  static Optional<Verdict> of(List<Result> job) {
    return of(job, Ending.DEFAULT, each -> each.side() == Side.RIVAL);
  }

  /**
   * Ours against those that promise the same: both leave the target to the page cache, or both make
   * it durable.
   */
  static List<Verdict> atEqualPromises(List<Result> job) {
    return Stream.of(
            of(job, Ending.UNSAFE, each -> isTheirs(each) && each.ending() != Ending.SYNCED),
            of(job, Ending.DEFAULT, each -> isTheirs(each) && each.ending() == Ending.SYNCED))
        .flatMap(Optional::stream)
        .toList();
  }

  /** Ours against each of those that no figure is held against. */
  private static List<Verdict> againstShown(List<Result> job) {
    return job.stream()
        .filter(each -> each.side() == Side.SHOWN && each.ending() == Ending.DEFAULT)
        .flatMap(shown -> of(job, Ending.DEFAULT, each -> each.equals(shown)).stream())
        .map(each -> new Verdict(each.ours, each.rival, each.startSeconds, 0))
        .toList();
  }

  /** All of them. */
  static List<Verdict> all(List<Result> job) {
    return Stream.of(of(job).stream(), againstShown(job).stream(), atEqualPromises(job).stream())
        .flatMap(each -> each)
        .toList();
  }

  private static boolean isTheirs(Result result) {
    return result.side() == Side.RIVAL || result.side() == Side.SHOWN;
  }

  private static Optional<Verdict> of(List<Result> job, Ending ending, Predicate<Result> rivals) {
    Optional<Result> ours =
        job.stream()
            .filter(each -> each.side() == Side.OURS && each.ending() == ending)
            .findFirst();
    Optional<Result> rival =
        job.stream()
            .filter(rivals)
            .min(Comparator.comparingDouble(each -> each.median().wallSeconds()));
    double start =
        job.stream()
            .filter(each -> each.side() == Side.START)
            .mapToDouble(each -> each.median().wallSeconds())
            .sum();
    return ours.isPresent() && rival.isPresent()
        ? Optional.of(new Verdict(ours.get(), rival.get(), start, ours.get().figure()))
        : Optional.empty();
  }

  /** Our time over that of the rival. */
  double ratio() {
    return (ours.median().wallSeconds() - startSeconds) / rival.median().wallSeconds();
  }

  /** Whether the figure was missed, or, where nothing is wanted, the rival was faster. */
  boolean isLost() {
    return ratio() > (figure == 0 ? 1 : figure) || ours.median().peakMib() > MOST_MIB;
  }
}
