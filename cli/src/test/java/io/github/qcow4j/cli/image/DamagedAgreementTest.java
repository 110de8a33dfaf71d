package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.DamagedImages;
import io.github.qcow4j.qcow2.testing.ImageRecipe;
import io.github.qcow4j.qcow2.testing.ImageShelf;
import io.github.qcow4j.qcow2.testing.Probe;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.QemuVerdicts;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * To hand-picked, damaged and hostile images this program says what qemu-img says, with the
 * exceptions in {@link Deviation}.
 */
final class DamagedAgreementTest {

  /** What other questions find out nearly as well. */
  private static final Set<Probe> SECOND_FORMS =
      EnumSet.of(Probe.INFO_CHAIN_JSON, Probe.CHECK_JSON, Probe.MAP, Probe.MEASURE_RAW_JSON);

  private static final Probe[] FIRST_FORMS =
      EnumSet.complementOf(EnumSet.copyOf(SECOND_FORMS)).toArray(Probe[]::new);

  /** One image in so many has to do with second forms; with {@code -Dqcow4j.zoo.whole=true} all. */
  private static final int SECOND_FORMS_ONE_IN = Boolean.getBoolean("qcow4j.zoo.whole") ? 1 : 3;

  /** The one answer of two lines: qemu-img's own advice after a refusal. */
  private static final String ADVICE =
      "\nYou can force-remove this extra metadata with qemu-img check -r all\n";

  @TempDir Path directory;

  private final Disagreements disagreements = new Disagreements();
  private final Set<Deviation> used = new HashSet<>();

  @Test
  void saysWhatQemuImgSaysAndChangesNothing() throws IOException {
    List<ImageRecipe> recipes = recipes();
    Iterator<QemuVerdicts> all = ImageShelf.shared().verdicts(recipes, FIRST_FORMS).iterator();
    int number = 0;
    for (ImageRecipe recipe : recipes) {
      QemuVerdicts verdicts = all.next();
      byte[] before = Files.readAllBytes(verdicts.image());
      for (Probe probe : Probe.values()) {
        if (!SECOND_FORMS.contains(probe) || number % SECOND_FORMS_ONE_IN == 0) {
          ask(recipe.name(), probe, verdicts);
        }
      }
      number++;
      assertThat(Files.readAllBytes(verdicts.image()))
          .as("the bytes of %s afterwards", recipe.name())
          .isEqualTo(before);
    }
    disagreements.assertNone();
    assertThat(Deviation.ALL).as("deviations that no image needs").allMatch(used::contains);
  }

  private static List<ImageRecipe> recipes() {
    List<ImageRecipe> recipes = new ArrayList<>(DamagedImages.all());
    recipes.addAll(SpecialImages.all());
    return recipes;
  }

  private void ask(String name, Probe probe, QemuVerdicts verdicts) throws IOException {
    Path target = directory.resolve("target.raw");
    Files.deleteIfExists(target);
    OurRun ours = OurRun.asQemuImg(probe.arguments(verdicts.image(), target));
    ToolRun theirs = latest(verdicts, probe, ours);
    if (!isOrderly(probe, ours)) {
      disagreements.add("not orderly", name + " " + probe, theirs, ours);
    }
    if (probe == Probe.CONVERT) {
      if (Files.exists(target) != (ours.exitCode() == 0)) {
        disagreements.add("a target exists, or not", name + " " + probe, theirs, ours);
      }
      if (ours.exitCode() == 0
          && theirs.exitCode() == 0
          && !ContentDigest.ofRaw(target).equals(ContentDigest.ofRaw(verdicts.rawTarget()))) {
        disagreements.add("the contents differ", name + " " + probe, theirs, ours);
      }
    }
    if (!Disagreements.isSame(theirs, ours)) {
      Deviation.ALL.stream()
          .filter(each -> each.covers().covers(name, probe, theirs, ours))
          .findFirst()
          .ifPresentOrElse(
              used::add, () -> disagreements.add("other words", name + " " + probe, theirs, ours));
    }
  }

  /**
   * Which clusters are holes, and whether that is looked at, depends on the storage that the file
   * has at the moment. Where maps differ, qemu-img is asked again.
   */
  private static ToolRun latest(QemuVerdicts verdicts, Probe probe, OurRun ours) {
    ToolRun theirs = verdicts.of(probe);
    boolean map = probe == Probe.MAP || probe == Probe.MAP_JSON;
    return map && theirs.exitCode() == 0 && !Disagreements.isSame(theirs, ours)
        ? QemuTools.require()
            .in(verdicts.image().getParent())
            .img(probe.arguments(verdicts.image(), verdicts.rawTarget()))
        : theirs;
  }

  /**
   * A failure is one line with the program's name, after which qemu-img's advice may follow, and
   * never a stack trace; only a check tells all that it finds.
   */
  private static boolean isOrderly(Probe probe, OurRun ours) {
    if (ours.stderr().contains("internal error") || ours.stderr().contains("Exception")) {
      return false;
    }
    if (probe == Probe.CHECK || probe == Probe.CHECK_JSON) {
      return ours.exitCode() <= 3;
    }
    return ours.exitCode() == 0
        ? ours.stderr().isEmpty()
        : ours.exitCode() == 1
            && ours.stderr().replace(ADVICE, "\n").lines().count() == 1
            && ours.stderr().startsWith("qemu-img: ");
  }
}
