package io.github.qcow4j.cli.image;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.testing.DamagedImages;
import io.github.qcow4j.qcow2.testing.ImageRecipe;
import io.github.qcow4j.qcow2.testing.ImageShelf;
import io.github.qcow4j.qcow2.testing.Probe;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.QemuVerdicts;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every damaged image is repaired by this program and by qemu-img: both say the same, with the
 * exceptions in {@link RepairDeviation}; qemu-img finds nothing wrong with ours afterwards where it
 * repairs it itself; and no byte that the guest could read has changed.
 */
final class RepairAgreementTest {

  /** What QEMU repairs and this program does not, and why. */
  private static final Map<String, String> LEFT_ALONE =
      Map.ofEntries(
          entry("l2-table-is-data", "QEMU overwrites the guest's data with zero entries"),
          entry("data-is-l2-table", "QEMU changes the table, which the guest reads as its data"),
          entry("snapshots-past-eof", "QEMU makes two empty snapshots and frees the real ones"),
          entry("bitmap-table-past-eof", "QEMU replaces the bitmap by an empty one"),
          entry("bitmap-data-past-eof", "QEMU replaces the bitmap's data by zeros"));

  @TempDir Path directory;

  private final Disagreements disagreements = new Disagreements();
  private final Set<RepairDeviation> used = new HashSet<>();
  private final Set<String> leftAlone = new TreeSet<>();
  private final Set<String> changed = new TreeSet<>();

  @Test
  void everyDamageIsRepairedAsQemuImgDoesOrBetter() throws IOException {
    QemuTools qemu = QemuTools.require().in(directory);
    List<ImageRecipe> recipes = DamagedImages.all();
    // All of them first: a process that is being started holds what this one has open, and its
    // locks,
    // for a moment longer, and the next program does not get them.
    Iterator<QemuVerdicts> all =
        ImageShelf.shared().verdicts(recipes, Probe.CHECK, Probe.CONVERT).toList().iterator();
    for (ImageRecipe recipe : recipes) {
      QemuVerdicts verdicts = all.next();
      boolean opens = !verdicts.of(Probe.CHECK).stderr().contains("Could not open");
      for (String scope : opens ? List.of("leaks", "all") : List.of("all")) {
        compare(qemu, recipe.name(), scope, verdicts);
      }
    }
    disagreements.assertNone();
    assertThat(RepairDeviation.ALL).as("deviations that no image needs").allMatch(used::contains);
    assertThat(leftAlone).isEqualTo(LEFT_ALONE.keySet());
    assertThat(changed).as("images whose guest reads something else").isEmpty();
  }

  private void compare(QemuTools qemu, String name, String scope, QemuVerdicts verdicts)
      throws IOException {
    Path image = directory.resolve("image.qcow2");
    List<String> arguments = List.of("check", "-f", "qcow2", "-r", scope, image.toString());
    copy(verdicts.image(), image);
    ToolRun theirs = qemu.img(arguments);
    int stateBefore = verdicts.of(Probe.CHECK).exitCode();
    int theirState = state(qemu, image, verdicts.image(), stateBefore);
    Path repaired = directory.resolve("theirs.qcow2");
    Files.move(image, repaired, StandardCopyOption.REPLACE_EXISTING);
    copy(verdicts.image(), image);
    OurRun ours = OurRun.asQemuImg(arguments);
    int ourState =
        Files.mismatch(repaired, image) < 0
            ? theirState
            : state(qemu, image, verdicts.image(), stateBefore);

    if (!Disagreements.isSame(theirs, ours)) {
      RepairDeviation.ALL.stream()
          .filter(each -> each.covers().covers(name, theirs, ours))
          .findFirst()
          .ifPresentOrElse(
              used::add,
              () -> disagreements.add("other words", name + " -r " + scope, theirs, ours));
    }
    if (severity(ourState) > severity(stateBefore)) {
      disagreements.add("worse than before, " + ourState, name + " -r " + scope, theirs, ours);
    }
    if (scope.equals("all") && theirState == 0 && ourState != 0) {
      leftAlone.add(name);
    }
    noteContent(qemu, name, verdicts, image);
  }

  /** What qemu-img finds; in the same bytes the same as before. */
  private static int state(QemuTools qemu, Path image, Path before, int stateBefore)
      throws IOException {
    return Files.mismatch(before, image) < 0
        ? stateBefore
        : qemu.img("check", "-f", "qcow2", image.toString()).exitCode();
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.deleteIfExists(to);
    try (BlockFile source = Volumes.host().open(from, OpenOptions.reading());
        BlockFile target = Volumes.host().open(to, OpenOptions.creatingNew())) {
      target.truncate(source.size());
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      long position = source.nextData(0);
      while (position >= 0 && position < source.size()) {
        buffer.clear();
        int count = source.read(buffer, position);
        target.write(buffer.flip(), position);
        position = source.nextData(position + count);
      }
    }
  }

  /** What QEMU reads from the image it reads afterwards too. */
  private void noteContent(QemuTools qemu, String name, QemuVerdicts verdicts, Path image)
      throws IOException {
    if (verdicts.readable() && Files.mismatch(verdicts.image(), image) >= 0) {
      Path raw = directory.resolve("after.raw");
      qemu.convertToRaw(image, raw);
      if (!qemu.rawFilesEqual(verdicts.rawTarget(), raw)) {
        changed.add(name);
      }
    }
  }

  /** Exit codes of a check, put in order: 1 means that it did not come to its end. */
  private static int severity(int exitCode) {
    return switch (exitCode) {
      case 0 -> 0;
      case 3 -> 1;
      case 2 -> 2;
      default -> 3;
    };
  }
}
