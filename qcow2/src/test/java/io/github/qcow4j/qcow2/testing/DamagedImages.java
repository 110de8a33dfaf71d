package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.stream.Stream;

/**
 * Damaged and hostile images: one rule of the format broken in each, or kept at its very limit.
 *
 * <p>{@link QemuVerdicts} records what QEMU says to each. It does not refuse them all: some damages
 * only its check sees, some it does not see at all.
 */
public final class DamagedImages {

  private DamagedImages() {}

  /** All of them; names are unique. */
  public static List<ImageRecipe> all() {
    return Stream.of(
            DamagedHeaders.fields(),
            DamagedHeaders.names(),
            DamagedHeaders.extensions(),
            DamagedTables.l1(),
            DamagedTables.entries(),
            DamagedTables.subclusters(),
            DamagedTables.dataFiles(),
            DamagedRefcounts.counters(),
            DamagedRefcounts.tables(),
            DamagedStreams.recipes(),
            DamagedSnapshots.recipes(),
            DamagedBitmaps.recipes(),
            DamagedFiles.recipes())
        .flatMap(List::stream)
        .toList();
  }

  /** The one of that name. */
  public static ImageRecipe named(String name) {
    return all().stream().filter(recipe -> recipe.name().equals(name)).findFirst().orElseThrow();
  }
}
