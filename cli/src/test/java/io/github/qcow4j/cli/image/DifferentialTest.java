package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random jobs, one after the other on the same images, by qemu-img and by this program: both say
 * the same, end alike, and leave the same to a guest. For minutes: {@code mvn -Pdifferential
 * -Dqcow4j.differential.minutes=10 test}. What differs is made as short as it gets, and left as a
 * script in {@code target/differential}.
 */
final class DifferentialTest {

  private static final long MINUTES = Long.getLong("qcow4j.differential.minutes", 0);
  private static final long FIRST_SEED =
      Long.getLong("qcow4j.seed", MINUTES > 0 ? System.nanoTime() : 20_261_129L);
  private static final int SEQUENCES = 2;
  private static final Path SCRIPTS = Path.of("target", "differential");

  @TempDir private Path directory;

  @Test
  void randomSequencesLeaveTheSame() throws IOException {
    List<String> failures = new ArrayList<>();
    long end = System.nanoTime() + MINUTES * 60_000_000_000L;
    int done = 0;
    int jobs = 0;
    while (MINUTES > 0 ? System.nanoTime() < end : done < SEQUENCES) {
      long seed = FIRST_SEED + done++;
      TwinSequence sequence = TwinSequence.of(seed);
      jobs += sequence.jobs().size();
      String difference = difference(sequence);
      if (difference != null) {
        failures.add(
            ShortestSequence.of(sequence, difference, this::difference).report(SCRIPTS, seed));
      }
    }
    System.out.printf(
        "differential: seed %d, %d sequences, %d jobs, %d differ%n",
        FIRST_SEED, done, jobs, failures.size());
    assertThat(failures).isEmpty();
  }

  /** In what the two differ first, or null. */
  private @Nullable String difference(TwinSequence sequence) throws IOException {
    TwinChains twins = TwinChains.in(directory);
    twins.clear();
    QemuTools qemu = QemuTools.require().in(twins.theirs());
    for (String line : sequence.setup()) {
      ToolRun made = run(qemu, TwinJob.words(line));
      if (made.exitCode() != 0) {
        throw new SetupFailedException(made.toString());
      }
    }
    twins.copy();
    twins.nameDataFiles(sequence.setup());
    KnownDifferences known = new KnownDifferences(twins);
    for (String line : sequence.jobs()) {
      String difference = difference(new TwinJob(line), twins, known);
      if (difference != null) {
        return line + "\n" + difference;
      }
    }
    return null;
  }

  private static @Nullable String difference(
      TwinJob job, TwinChains twins, KnownDifferences known) {
    TwinJob theirJob = known.before(job);
    ToolRun theirs = QemuTools.require().in(twins.theirs()).img(theirJob.placed(twins.theirs()));
    OurRun ours = OurRun.asQemuImg(job.placed(twins.ours()));
    String left = job.said(theirs, twins.theirs());
    String right = job.said(ours.exitCode(), ours.stdout(), ours.stderr(), twins.ours());
    if (!left.equals(right) && !known.explainsAnswers(job, left, right)) {
      return "qemu-img: " + left + "\nours: " + right;
    }
    known.after(job, left);
    return contentDifference(twins, known);
  }

  private static ToolRun run(QemuTools qemu, List<String> words) {
    List<String> arguments = words.subList(1, words.size());
    return words.getFirst().equals("qemu-io") ? qemu.ioRaw(arguments) : qemu.img(arguments);
  }

  private static @Nullable String contentDifference(TwinChains twins, KnownDifferences known) {
    for (String image : TwinSequence.IMAGES) {
      boolean there = Files.exists(twins.theirs().resolve(image));
      if (there != Files.exists(twins.ours().resolve(image))) {
        return image + " is there of one alone";
      }
      if (there) {
        try {
          requireSameContent(image, twins, known);
          requireSound(image, twins);
        } catch (AssertionError e) {
          return String.valueOf(e.getMessage());
        }
      }
    }
    return null;
  }

  /** Ours has nothing wrong, or it is what QEMU finds wrong in its own. */
  private static void requireSound(String image, TwinChains twins) {
    List<String> check = List.of("check", "-f", TwinSetup.format(image), image);
    ToolRun ours = QemuTools.require().in(twins.ours()).img(check);
    if (ours.exitCode() != 0 && TwinSetup.format(image).equals("qcow2")) {
      ToolRun theirs = QemuTools.require().in(twins.theirs()).img(check);
      if (!ours.stdout().equals(theirs.stdout())) {
        throw new AssertionError("qemu-img check: " + ours + "\nof its own: " + theirs);
      }
    }
  }

  private static void requireSameContent(String image, TwinChains twins, KnownDifferences known) {
    try {
      twins.requireSameContent(image);
    } catch (AssertionError e) {
      if (!known.explainsContent(image)) {
        throw e;
      }
    }
  }
}
