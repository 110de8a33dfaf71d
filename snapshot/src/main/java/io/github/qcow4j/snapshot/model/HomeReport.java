package io.github.qcow4j.snapshot.model;

import io.github.qcow4j.snapshot.model.HomeFinding.Severity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the check of a home came to.
 *
 * @param images how many images were looked at
 * @param lines what was found, in the order of the look
 */
public record HomeReport(int images, List<Line> lines) {

  /**
   * One finding and what became of it.
   *
   * @param finding what was found
   * @param mended what was done about it, or null when it is as it was
   * @param hindrance why nothing was done that was tried, or null
   */
  public record Line(HomeFinding finding, @Nullable String mended, @Nullable String hindrance) {}

  public HomeReport {
    lines = List.copyOf(lines);
  }

  /** What was found and is as it was. */
  public List<HomeFinding> remaining() {
    return lines.stream().filter(line -> line.mended() == null).map(Line::finding).toList();
  }

  /** Whether something of a severity remains. */
  public boolean remains(Severity severity) {
    return remaining().stream().anyMatch(finding -> finding.severity() == severity);
  }
}
