package io.github.qcow4j.qcow2.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DamagedImagesTest {

  /** Damages that QEMU neither refuses nor reports. */
  private static final Set<String> UNNOTICED =
      new TreeSet<>(
          List.of(
              "header-length-cluster",
              "data-file-name-alone",
              "backing-name-empty",
              "backing-name-in-header",
              "feature-table-odd-length",
              "l2-entry-copied-alone",
              "data-half-past-eof",
              "subcluster-zero-flag",
              "subcluster-plain-zero-flag",
              "leak-past-eof",
              "stream-cut-by-eof",
              "snapshot-disk-size-huge",
              "snapshot-disk-size-negative",
              "snapshot-vm-state-huge",
              "snapshot-id-empty",
              "bitmaps-bit-alone",
              "bitmap-granularity-other",
              "cut-before-l1",
              "cut-last-byte"));

  @Test
  void namesAreUniqueAmongSpecialAndDamagedImages() {
    Set<String> names = new HashSet<>();
    Stream.concat(SpecialImages.all().stream(), DamagedImages.all().stream())
        .forEach(recipe -> assertTrue(names.add(recipe.name()), recipe.name()));
    assertTrue(DamagedImages.all().size() >= 60);
  }

  @Test
  void qemuRefusesOrReportsEveryDamageButTheKnownFew() {
    Set<String> unnoticed =
        ImageShelf.shared()
            .verdicts(DamagedImages.all(), Probe.CONVERT, Probe.CHECK)
            .filter(verdicts -> verdicts.readable() && verdicts.of(Probe.CHECK).exitCode() == 0)
            .map(verdicts -> verdicts.image().getParent().getFileName().toString())
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(UNNOTICED, unnoticed);
  }

  @Test
  void theImageThatIsDamagedIsSoundBefore() {
    for (String options : List.of("", "compat=0.10", "extended_l2=on", "compression_type=zstd")) {
      ImageRecipe sound =
          DamagedBase.with("sound-" + options, "nothing is wrong", options, surgeon -> {});
      QemuVerdicts verdicts = ImageShelf.shared().verdicts(sound);
      assertEquals(0, verdicts.of(Probe.CHECK).exitCode(), verdicts.of(Probe.CHECK)::toString);
      assertTrue(verdicts.readable());
    }
  }
}
