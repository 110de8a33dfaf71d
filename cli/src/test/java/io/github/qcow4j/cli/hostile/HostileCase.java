package io.github.qcow4j.cli.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * One hostile image: a sound one with something done to it.
 *
 * @param name what is wrong with it, unique, usable as a file name
 * @param ground the sound image
 * @param edits what is done to it
 * @param about what of its ground it would be nothing without
 */
record HostileCase(String name, Ground ground, Consumer<ImageSurgeon> edits, Set<Part> about) {

  /** A case about what every image has. */
  HostileCase(String name, Ground ground, Consumer<ImageSurgeon> edits) {
    this(name, ground, edits, Set.of());
  }

  /** The same, about something that only some images have. */
  HostileCase about(Part... parts) {
    return new HostileCase(name, ground, edits, Set.of(parts));
  }

  /** Every tangled image, and every field at its limits. */
  static List<HostileCase> tangledAndAtLimits() {
    List<HostileCase> cases = new ArrayList<>(TangledCases.all());
    cases.addAll(atLimits(LimitTable.all()));
    return cases;
  }

  /**
   * Those, what many fields come to together, and what is known to have been a way into others.
   *
   * @param secret a file of the host's that some of them name
   */
  static List<HostileCase> all(Path secret) {
    List<HostileCase> cases = tangledAndAtLimits();
    LargestCases.all().forEach(largest -> cases.add(largest.image()));
    cases.addAll(VulnerabilityCases.all(secret));
    cases.addAll(leadingTo(secret));
    return cases;
  }

  private static List<HostileCase> atLimits(List<LimitRow> rows) {
    return rows.stream().flatMap(row -> row.values().stream().map(row::with)).toList();
  }

  /** Images that lead to a file of their host's. */
  static List<HostileCase> leadingTo(Path file) {
    byte[] name = file.toString().getBytes(UTF_8);
    return List.of(
        new HostileCase(
            "backed by a file of the host",
            Ground.PLAIN,
            surgeon ->
                surgeon
                    .extensions()
                    .append(HeaderExtensions.BACKING_FORMAT, "raw".getBytes(UTF_8))
                    .setBackingName(file.toString())),
        withDataFile("data in a file of the host", name));
  }

  /** An image whose data are in a file of that name. */
  static HostileCase withDataFile(String caseName, byte[] fileName) {
    return new HostileCase(
        caseName,
        Ground.PLAIN,
        surgeon -> {
          surgeon.setL2Entry(0, ImageSurgeon.COPIED);
          surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 2);
          surgeon.extensions().append(HeaderExtensions.DATA_FILE, fileName);
        });
  }

  @Override
  public String toString() {
    return name;
  }
}
