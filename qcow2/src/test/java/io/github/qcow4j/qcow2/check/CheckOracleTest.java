package io.github.qcow4j.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.DamagedImages;
import io.github.qcow4j.qcow2.testing.ImageRecipe;
import io.github.qcow4j.qcow2.testing.ImageShelf;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.Probe;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.QemuVerdicts;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our check finds what QEMU's finds, in the same numbers, words and order. */
class CheckOracleTest {

  private static final Pattern MISSING_FILE =
      Pattern.compile("Could not open '.*': Could not open '.*': ");

  @Test
  void soundImagesOfAllKindsAreCleanWithTheSameNumbers() {
    QemuTools qemu = QemuTools.require();
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(3)),
        image -> {
          ToolRun theirs = check(qemu, image.path());
          assertThat(theirs.exitCode()).as(theirs::toString).isZero();
          assertThat(CheckText.ours(image.path())).isEqualTo(CheckText.qemus(theirs));
        });
  }

  @Test
  void handPickedImagesHaveTheSameVerdict() {
    assertSameVerdicts(SpecialImages.all());
  }

  @Test
  void damagedImagesHaveTheSameFindings() {
    assertSameVerdicts(DamagedImages.all());
  }

  @Test
  void oneLeakedClusterCountedTwiceIsFoundAmongSoundOnes(@TempDir Path directory) {
    Path image = Workbench.in(directory).image("image.qcow2", "", 1 << 20, "write 0 1M");
    ImageSurgeon.operate(image, surgeon -> surgeon.setRefcount(surgeon.appendCluster(), 2));
    CheckText ours = CheckText.ours(image);
    assertThat(ours).isEqualTo(qemus(QemuTools.require(), image));
    assertThat(ours.numbers()).containsEntry("leaks", 1L);
  }

  static CheckText qemus(QemuTools qemu, Path image) {
    return CheckText.qemus(check(qemu, image));
  }

  private static ToolRun check(QemuTools qemu, Path image) {
    return qemu.img("check", "-f", "qcow2", "--output=json", image.toString());
  }

  private static void assertSameVerdicts(List<ImageRecipe> recipes) {
    List<String> names = recipes.stream().map(ImageRecipe::name).toList();
    Iterator<QemuVerdicts> verdicts =
        ImageShelf.shared().verdicts(recipes, Probe.CHECK_JSON).iterator();
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      QemuVerdicts qemu = verdicts.next();
      ToolRun run = qemu.of(Probe.CHECK_JSON);
      CheckText ours = CheckText.ours(qemu.image());
      CheckText theirs = CheckText.qemus(run);
      if (!wantsMore(run) && !ours.equals(theirs)) {
        differences.add(name + "\nours:  " + ours + "\nqemu's: " + theirs);
      }
    }
    assertThat(differences).isEmpty();
  }

  /**
   * QEMU does not check an image without its key, its data file and its backing chain, none of
   * which a check needs.
   */
  private static boolean wantsMore(ToolRun run) {
    String complaint = run.stderr();
    return complaint.contains("encrypt.key-secret")
        || complaint.contains("'data-file' is required")
        || complaint.contains("Could not open backing file: ")
        || MISSING_FILE.matcher(complaint).find();
  }
}
