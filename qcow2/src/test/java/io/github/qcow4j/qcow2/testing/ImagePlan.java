package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Everything about a generated image before it exists; names are relative to its directory. */
record ImagePlan(
    int number,
    String description,
    List<Layer> layers,
    Set<Feature> features,
    List<ZooSnapshot> snapshots,
    List<ReplayStep> steps) {

  /**
   * A layer, base first in the plan.
   *
   * @param spec null for a raw file
   * @param dataFileName name relative to the image's directory, or null
   */
  record Layer(
      String fileName,
      @Nullable LayerSpec spec,
      @Nullable String backingName,
      @Nullable String dataFileName,
      long virtualSizeBytes) {

    String format() {
      return spec == null ? "raw" : "qcow2";
    }

    String options() {
      return spec == null ? "" : spec.options(ReplayStep.HERE + "/" + dataFileName);
    }
  }

  Layer top() {
    return layers.getLast();
  }

  String directoryName() {
    return "image-%04d".formatted(number);
  }

  /** The script as text, without the lines that depend on the place. */
  String script(String directory) {
    StringBuilder text = new StringBuilder();
    for (ReplayStep step : steps) {
      text.append(ShellText.of(step.commandIn(directory))).append('\n');
    }
    return text.toString();
  }

  /** The finished image in {@code directory}. */
  ZooImage in(Path directory, long seed) {
    String here = directory.toString();
    List<ZooLayer> chain = new ArrayList<>();
    for (Layer layer : layers.reversed()) {
      String backingName = layer.backingName();
      chain.add(
          new ZooLayer(
              directory.resolve(layer.fileName()),
              layer.format(),
              backingName == null ? null : backingName.replace(ReplayStep.HERE, here),
              layer.dataFileName() == null ? null : directory.resolve(layer.dataFileName()),
              layer.virtualSizeBytes(),
              layer.options().replace(ReplayStep.HERE, here)));
    }
    String replay =
        "# seed %d, image %d; pattern files: PatternFiles.writeAll(%s, %d)\nmkdir -p %s && cd %s\n%s"
            .formatted(
                seed,
                number,
                ShellText.quoted(String.valueOf(directory.getParent())),
                seed,
                ShellText.quoted(here),
                ShellText.quoted(here),
                script(here));
    return new ZooImage(
        number,
        directory.resolve(top().fileName()),
        description,
        chain,
        EnumSet.copyOf(features),
        snapshots,
        top().virtualSizeBytes(),
        replay);
  }
}
