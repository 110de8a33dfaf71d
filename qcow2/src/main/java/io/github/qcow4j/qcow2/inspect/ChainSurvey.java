package io.github.qcow4j.qcow2.inspect;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes down a chain header by header, one file open at a time, as far as it goes. What stops it is
 * part of the answer, so that a chain with a missing layer can still be shown.
 */
public final class ChainSurvey {

  private final Volume volume;
  private final ReferencePolicy policy;
  private final ImageOptions options;
  private final List<SurveyedLayer> layers = new ArrayList<>();
  private final Set<FileIdentity> seen = new HashSet<>();

  private ChainSurvey(Volume volume, ReferencePolicy policy, ImageOptions options) {
    this.volume = volume;
    this.policy = policy;
    this.options = options;
  }

  /**
   * The layers from the image downwards; the last one may be absent, the others are present.
   *
   * @param volume where names are looked up
   * @param path the image
   * @param policy what it may lead to
   * @param options the image's format, whom to keep out, and limits
   */
  public static List<SurveyedLayer> survey(
      Volume volume, Path path, ReferencePolicy policy, ImageOptions options) {
    ChainSurvey survey = new ChainSurvey(volume, policy, options);
    survey.run(path);
    return List.copyOf(survey.layers);
  }

  /**
   * A file to look at.
   *
   * @param path its name
   * @param format its format, or null to let its content decide
   */
  private record Step(Path path, @Nullable ImageFormat format) {}

  private void run(Path path) {
    Step step = new Step(path, options.format());
    while (step != null) {
      ImageSummary summary = look(step);
      String backingName = summary == null ? null : summary.backingName();
      step = summary == null || backingName == null ? null : follow(summary, backingName);
    }
  }

  private @Nullable ImageSummary look(Step step) {
    try {
      ImageSummary summary =
          ImageInspector.inspect(volume, step.path(), options.withFormat(step.format()));
      seen.add(summary.identity());
      layers.add(new SurveyedLayer.Present(summary, dataFile(summary)));
      return summary;
    } catch (IOException e) {
      layers.add(new SurveyedLayer.Absent(step.path().toString(), e));
      return null;
    }
  }

  /** The backing file as the next step, or null when it must not be taken. */
  private @Nullable Step follow(ImageSummary summary, String name) {
    Path image = summary.path();
    String shown = name;
    try {
      Path resolved = StoredName.resolveBacking(image, name);
      shown = resolved.toString();
      Reference reference =
          new Reference(
              ReferenceTrail.Role.BACKING_FILE, image, name, resolved, storedLabel(summary));
      Step step = new Step(policy.admit(reference, volume), storedFormat(summary));
      requireEnd(summary, resolved, volume.status(step.path()).identity());
      return step;
    } catch (IOException e) {
      layers.add(new SurveyedLayer.Absent(shown, e));
      return null;
    }
  }

  /** A chain must come to an end. */
  private void requireEnd(ImageSummary summary, Path backing, FileIdentity identity)
      throws ImageException {
    if (seen.contains(identity)) {
      throw new CorruptImageException(
          summary.path(),
          "Backing file '" + backing + "' creates an infinite loop.",
          "backing file name",
          header(summary).backingFileOffset());
    }
    if (layers.size() >= options.maxChainLayers()) {
      throw new LimitExceededException(
          summary.path(),
          "Backing chain has more than " + options.maxChainLayers() + " layers",
          "chain layers",
          options.maxChainLayers());
    }
  }

  private @Nullable ImageFormat storedFormat(ImageSummary summary) throws ImageException {
    String label = storedLabel(summary);
    if (label != null) {
      return ImageFormat.byLabel(label)
          .orElseThrow(() ->
              new UnsupportedFeatureException(
                  summary.path(), "Unknown driver '" + label + "'", "backing format " + label));
    }
    if (!policy.mayProbeFormat()) {
      throw new UnsupportedFeatureException(
          summary.path(),
          "The image states no format for its backing file, and guessing is not allowed",
          "backing file without stated format");
    }
    return null;
  }

  private static @Nullable String storedLabel(ImageSummary summary) {
    return header(summary).extensions().backingFormat();
  }

  private static Qcow2Header header(ImageSummary summary) {
    return Objects.requireNonNull(summary.header(), "only a qcow2 image names other files");
  }

  private SurveyedLayer.@Nullable DataFile dataFile(ImageSummary summary) {
    Qcow2Header header = summary.header();
    if (header == null || !header.has(Feature.EXTERNAL_DATA_FILE)) {
      return null;
    }
    String name = header.extensions().dataFileName();
    if (name == null) {
      return SurveyedLayer.DataFile.absent(
          "",
          new CorruptImageException(
              summary.path(), "'data-file' is required for this image", "header extensions", -1));
    }
    try {
      Path resolved = StoredName.resolveDataFile(summary.path(), name);
      Reference reference =
          new Reference(ReferenceTrail.Role.DATA_FILE, summary.path(), name, resolved, null);
      Path admitted = policy.admit(reference, volume);
      FileStatus status = volume.status(admitted);
      return SurveyedLayer.DataFile.present(admitted, status.sizeBytes(), status.allocatedBytes());
    } catch (IOException e) {
      return SurveyedLayer.DataFile.absent(name, e);
    }
  }
}
