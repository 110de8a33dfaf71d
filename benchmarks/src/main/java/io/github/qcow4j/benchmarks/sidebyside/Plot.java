package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The results of one place as a picture in SVG: for each job a bar for each contender, as long as
 * its time beside that of the slowest, and a line where ours is to end.
 */
final class Plot {

  private static final int WIDTH = 900;
  private static final int LEFT = 260;
  private static final int RIGHT = 90;
  private static final int BAR_HEIGHT = 16;
  private static final int JOB_HEIGHT = 26;

  private final StringBuilder svg = new StringBuilder();
  private int top;

  private Plot() {}

  /** Where the picture of a place is, beside the results. */
  static String fileName(String place) {
    return "plots/"
        + place.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("-$", "")
        + ".svg";
  }

  /** The picture. */
  static String of(String place, Map<String, List<Result>> jobs) {
    Plot plot = new Plot();
    plot.text(10, 20, "start", "bold", place + ": seconds");
    plot.top = 30;
    jobs.forEach(plot::addJob);
    int height = plot.top + 10;
    return """
    <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" \
    font-family="sans-serif" font-size="12">
    <rect width="%1$d" height="%2$d" fill="white"/>
    %3$s</svg>
    """
        .formatted(WIDTH, height, plot.svg);
  }

  private void addJob(String name, List<Result> results) {
    top += JOB_HEIGHT;
    text(10, top - 6, "start", "bold", name);
    int from = top;
    double slowest =
        results.stream().mapToDouble(each -> each.median().wallSeconds()).max().orElse(1);
    for (Result result : results) {
      addBar(result, slowest);
    }
    Verdict.of(results)
        .filter(verdict -> verdict.ours().figure() > 0)
        .ifPresent(verdict -> addFigure(verdict, slowest, from));
  }

  private void addBar(Result result, double slowest) {
    double seconds = result.median().wallSeconds();
    double length = length(seconds, slowest);
    text(LEFT - 8, top + 12, "end", "normal", result.contender());
    svg.append(
        String.format(
            Locale.ROOT,
            "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
            LEFT,
            top + 1,
            length,
            BAR_HEIGHT - 3,
            colour(result.side())));
    text(LEFT + (int) length + 6, top + 12, "start", "normal", Report.seconds(seconds));
    top += BAR_HEIGHT;
  }

  private void addFigure(Verdict verdict, double slowest, int from) {
    double wanted =
        verdict.rival().median().wallSeconds() * verdict.ours().figure() + verdict.startSeconds();
    if (wanted <= slowest) {
      double x = LEFT + length(wanted, slowest);
      svg.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"black\""
                  + " stroke-dasharray=\"3,2\"/>\n",
              x,
              from,
              x,
              top));
    }
  }

  private static double length(double seconds, double slowest) {
    return (WIDTH - LEFT - RIGHT) * seconds / slowest;
  }

  private static String colour(Side side) {
    return switch (side) {
      case OURS -> "#2b7bba";
      case RIVAL -> "#c44e52";
      case SHOWN -> "#c9c9c9";
      case START -> "#9bbfdd";
    };
  }

  private void text(int x, int y, String anchor, String weight, String words) {
    svg.append(
        "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-weight=\"%s\">%s</text>\n"
            .formatted(x, y, anchor, weight, words.replace("&", "&amp;").replace("<", "&lt;")));
  }
}
