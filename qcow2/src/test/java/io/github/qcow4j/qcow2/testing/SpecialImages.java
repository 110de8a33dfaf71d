package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.stream.Stream;

/**
 * Hand-picked images, each special in one way that a random draw would miss.
 *
 * <p>QEMU opens most of them without complaint. The ones that it refuses, it refuses for good
 * reason: a missing file, a loop, an unknown feature. {@link QemuVerdicts} records which.
 */
public final class SpecialImages {

  private SpecialImages() {}

  /** All of them; names are unique. */
  public static List<ImageRecipe> all() {
    return Stream.of(
            CompressedSpecials.recipes(),
            HeaderSpecials.recipes(),
            ChainSpecials.recipes(),
            SnapshotSpecials.recipes(),
            MappingSpecials.recipes())
        .flatMap(List::stream)
        .toList();
  }

  /** The one of that name. */
  public static ImageRecipe named(String name) {
    return all().stream().filter(recipe -> recipe.name().equals(name)).findFirst().orElseThrow();
  }
}
