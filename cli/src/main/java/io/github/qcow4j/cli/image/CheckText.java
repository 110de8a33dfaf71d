package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.output.Percent;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.RepairReport;

/** The text of {@code check}. */
final class CheckText {

  private CheckText() {}

  /** What a repair did, before the image is checked again. */
  static String of(RepairReport report) {
    return "The following inconsistencies were found and repaired:\n\n    "
        + report.leaksFixed()
        + " leaked clusters\n    "
        + report.corruptionsFixed()
        + " corruptions\n\nDouble checking the fixed image now...\n";
  }

  static String of(CheckReport report) {
    StringBuilder text = new StringBuilder();
    if (report.corruptions() == 0 && report.leaks() == 0 && report.checkErrors() == 0) {
      text.append("No errors were found on the image.\n");
    }
    if (report.corruptions() > 0) {
      text.append('\n')
          .append(report.corruptions())
          .append(" errors were found on the image.\n")
          .append("Data may be corrupted, or further writes to the image may corrupt it.\n");
    }
    if (report.leaks() > 0) {
      text.append('\n')
          .append(report.leaks())
          .append(" leaked clusters were found on the image.\n")
          .append("This means waste of disk space, but no harm to data.\n");
    }
    if (report.checkErrors() > 0) {
      text.append('\n')
          .append(report.checkErrors())
          .append(" internal errors have occurred during the check.\n");
    }
    if (report.totalClusters() != 0 && report.allocatedClusters() != 0) {
      text.append(report.allocatedClusters())
          .append('/')
          .append(report.totalClusters())
          .append(" = ")
          .append(Percent.of(report.allocatedClusters(), report.totalClusters()))
          .append("% allocated, ")
          .append(Percent.of(report.fragmentedClusters(), report.allocatedClusters()))
          .append("% fragmented, ")
          .append(Percent.of(report.compressedClusters(), report.allocatedClusters()))
          .append("% compressed clusters\n");
    }
    if (report.imageEndOffset() > 0) {
      text.append("Image end offset: ").append(report.imageEndOffset()).append('\n');
    }
    return text.toString();
  }
}
