package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer.DataFile;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The chain as an array of objects from the image down. */
final class ChainJson {

  private final ErrorText errorText;
  private final JsonWriter json = new JsonWriter();

  ChainJson(ErrorText errorText) {
    this.errorText = errorText;
  }

  String of(List<SurveyedLayer> layers) {
    json.array();
    for (SurveyedLayer layer : layers) {
      json.object();
      switch (layer) {
        case SurveyedLayer.Absent absent -> status(absent.name(), absent.failure());
        case SurveyedLayer.Present present -> present(present);
      }
      json.end();
    }
    json.end();
    return json + "\n";
  }

  private void present(SurveyedLayer.Present layer) {
    ImageSummary summary = layer.summary();
    status(summary.path().toString(), null);
    json.member("format", summary.format().label());
    json.member("virtual-size", summary.virtualSizeBytes());
    json.member("actual-size", summary.allocatedBytes());
    Qcow2Header header = summary.header();
    if (header != null) {
      json.member("cluster-size", header.clusterSize());
    }
    DataFile dataFile = layer.dataFile();
    if (dataFile != null) {
      json.key("data-file").object();
      status(dataFile.name(), dataFile.failure());
      if (dataFile.failure() == null) {
        json.member("size", dataFile.sizeBytes());
        json.member("actual-size", dataFile.allocatedBytes());
      }
      json.end();
    }
  }

  private void status(String name, @Nullable IOException failure) {
    json.member("filename", name);
    json.member("status", failure == null ? "present" : AbsenceText.of(failure));
    if (failure != null) {
      json.member("reason", errorText.reason(failure));
    }
  }
}
