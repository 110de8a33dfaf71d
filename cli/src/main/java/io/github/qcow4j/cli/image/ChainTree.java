package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer.DataFile;
import java.io.IOException;
import java.util.List;

/** The chain as a tree from the image down. */
final class ChainTree {

  private static final String INDENT = "   ";

  /**
   * Deeper layers stand under one another: a line that nobody can see the end of shows nothing, and
   * ten thousand of them would be a hundred megabytes of blanks.
   */
  private static final int DEEPEST_INDENT = 64;

  private final ErrorText errorText;
  private final StringBuilder text = new StringBuilder();

  ChainTree(ErrorText errorText) {
    this.errorText = errorText;
  }

  String of(List<SurveyedLayer> layers) {
    int depth = 0;
    for (SurveyedLayer layer : layers) {
      text.append(indent(depth - 1)).append(depth == 0 ? "" : "└─ ");
      switch (layer) {
        case SurveyedLayer.Absent absent -> text.append(absence(absent.name(), absent.failure()));
        case SurveyedLayer.Present present -> present(present, depth, depth + 1 < layers.size());
      }
      text.append('\n');
      depth++;
    }
    return text.toString();
  }

  private static String indent(int depth) {
    return INDENT.repeat(Math.clamp(depth, 0, DEEPEST_INDENT));
  }

  private void present(SurveyedLayer.Present layer, int depth, boolean followed) {
    ImageSummary summary = layer.summary();
    text.append(ErrorText.oneLine(summary.path().toString()))
        .append("  ")
        .append(summary.format().label())
        .append(", virtual size ")
        .append(SizeFormat.of(summary.virtualSizeBytes()))
        .append(", disk size ")
        .append(SizeFormat.of(summary.allocatedBytes()));
    Qcow2Header header = summary.header();
    if (header != null) {
      text.append(", cluster size ").append(SizeFormat.of(header.clusterSize()));
    }
    DataFile dataFile = layer.dataFile();
    if (dataFile != null) {
      text.append('\n').append(indent(depth)).append(followed ? "├─ " : "└─ ").append("data file ");
      text.append(dataFile(dataFile));
    }
  }

  private String dataFile(DataFile file) {
    IOException failure = file.failure();
    return failure != null
        ? absence(file.name(), failure)
        : ErrorText.oneLine(file.name())
            + "  size "
            + SizeFormat.of(file.sizeBytes())
            + ", disk size "
            + SizeFormat.of(file.allocatedBytes());
  }

  private String absence(String name, IOException failure) {
    return ErrorText.oneLine(name)
        + "  "
        + AbsenceText.of(failure)
        + ": "
        + errorText.reason(failure);
  }
}
