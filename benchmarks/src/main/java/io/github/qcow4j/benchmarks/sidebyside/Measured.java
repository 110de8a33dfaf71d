package io.github.qcow4j.benchmarks.sidebyside;

import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one run, or the median of several, took.
 *
 * @param wallSeconds from before the process was made until it was gone
 * @param processorSeconds in user and kernel mode, its children's included
 * @param peakMib the most memory it had at any time, in MiB; 0 when that is not known
 * @param outputMib the length of what it wrote, in MiB
 */
record Measured(double wallSeconds, double processorSeconds, double peakMib, double outputMib) {

  /** The medians of each; the most memory of all, as that is a promise. */
  static Measured median(List<Measured> runs) {
    return new Measured(
        median(runs, Measured::wallSeconds),
        median(runs, Measured::processorSeconds),
        runs.stream().mapToDouble(Measured::peakMib).max().orElse(0),
        median(runs, Measured::outputMib));
  }

  private static double median(List<Measured> runs, ToDoubleFunction<Measured> value) {
    List<Measured> sorted = runs.stream().sorted(Comparator.comparingDouble(value)).toList();
    int middle = sorted.size() / 2;
    double upper = value.applyAsDouble(sorted.get(middle));
    return sorted.size() % 2 == 1
        ? upper
        : (upper + value.applyAsDouble(sorted.get(middle - 1))) / 2;
  }
}
