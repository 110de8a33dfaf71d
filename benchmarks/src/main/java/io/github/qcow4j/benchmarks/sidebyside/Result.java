package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;

/**
 * What a contender took for a job, as it is kept.
 *
 * @param place where, and on how much
 * @param job the job's name
 * @param figure the job's figure, or 0
 * @param contender the contender's name
 * @param side whose way it is
 * @param ending what it promises
 * @param median what it took
 * @param rounds how many runs that is the median of
 * @param day when
 * @param commit what of, in short; empty when not known
 */
record Result(
    String place,
    String job,
    double figure,
    String contender,
    Side side,
    Ending ending,
    Measured median,
    int rounds,
    LocalDate day,
    String commit) {

  static final String HEADING =
      "place\tjob\tfigure\tcontender\tside\tending\tseconds\tprocessor_seconds\tpeak_mib"
          + "\toutput_mib\trounds\tday\tcommit";

  /** Whether another is of the same job in the same place. */
  boolean isOfJobOf(Result other) {
    return place.equals(other.place) && job.equals(other.job);
  }

  /** In one line, its fields apart by tabs. */
  String line() {
    return String.join(
        "\t",
        List.of(
            place,
            job,
            "" + figure,
            contender,
            side.name(),
            ending.name(),
            seconds(median.wallSeconds()),
            seconds(median.processorSeconds()),
            mebibytes(median.peakMib()),
            mebibytes(median.outputMib()),
            "" + rounds,
            day.toString(),
            commit));
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.5f", value);
  }

  private static String mebibytes(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  /** The result that was written as this line. */
  static Result parse(String line) {
    String[] fields = line.split("\t", -1);
    return new Result(
        fields[0],
        fields[1],
        Double.parseDouble(fields[2]),
        fields[3],
        Side.valueOf(fields[4]),
        Ending.valueOf(fields[5]),
        new Measured(
            Double.parseDouble(fields[6]),
            Double.parseDouble(fields[7]),
            Double.parseDouble(fields[8]),
            Double.parseDouble(fields[9])),
        Integer.parseInt(fields[10]),
        LocalDate.parse(fields[11]),
        fields[12]);
  }
}
