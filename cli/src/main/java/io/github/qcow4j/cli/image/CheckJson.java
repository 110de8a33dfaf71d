package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.check.CheckReport;

/** The JSON of {@code check}, keys in QEMU's order; what is 0 is left out as a rule. */
final class CheckJson {

  private CheckJson() {}

  static String of(ImageName name, CheckReport report) {
    return of(name, report, 0, 0);
  }

  /** The same after a repair. */
  static String of(ImageName name, CheckReport report, long corruptionsFixed, long leaksFixed) {
    JsonWriter json = new JsonWriter().object();
    member(json, "image-end-offset", report.imageEndOffset());
    member(json, "compressed-clusters", report.compressedClusters());
    member(json, "total-clusters", report.totalClusters());
    member(json, "corruptions", report.corruptions());
    member(json, "corruptions-fixed", corruptionsFixed);
    json.member("check-errors", report.checkErrors());
    member(json, "leaks", report.leaks());
    member(json, "leaks-fixed", leaksFixed);
    member(json, "allocated-clusters", report.allocatedClusters());
    json.member("filename", name.given());
    json.member("format", ImageFormat.QCOW2.label());
    member(json, "fragmented-clusters", report.fragmentedClusters());
    return json.end() + "\n";
  }

  private static void member(JsonWriter json, String key, long value) {
    if (value != 0) {
      json.member(key, value);
    }
  }
}
