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

  @Test
  void bitmapsThatQemuLeavesInVersion2AreKnown() throws IOException {
    List<String> jobs =
        List.of(
            "bitmap --add -g 2048 top.qcow2 n1",
            "amend -o compat=0.10 -f qcow2 top.qcow2",
            "check -f qcow2 top.qcow2",
            "dd -f qcow2 -O raw bs=65536 skip=4 count=41 if=top.qcow2 of=copy.raw");
    List<String> setup = List.of("qemu-img create -q -f qcow2 top.qcow2 1715712");
    assertThat(difference(new TwinSequence(setup, jobs))).isNull();
  }

  @Test
  void whatStoodInClustersThatQemuReservesIsKnown() throws IOException {
    List<String> setup =
        List.of(
            "qemu-img create -q -f qcow2 top.qcow2 352768",
            "qemu-img bitmap --add -g 65536 top.qcow2 n1",
            "qemu-io -f qcow2 -c 'write -P 117 0 352768' top.qcow2");
    for (String kind : List.of("metadata", "falloc", "full")) {
      String job = "resize --preallocation=" + kind + " -f qcow2 top.qcow2 1877504";
      assertThat(difference(new TwinSequence(setup, List.of("bitmap --remove top.qcow2 n1", job))))
          .as(kind)
          .isNull();
    }
  }

  @Test
  void zerosThatQemuDoesNotHideInVersion2AreKnown() throws IOException {
    List<String> setup =
        List.of(
            "qemu-img create -q -f qcow2 base.qcow2 1M",
            "qemu-io -f qcow2 -c 'write -P 205 0 200k' base.qcow2",
            "qemu-img create -q -f qcow2 -o compat=0.10 top.qcow2 2M");
    String job = "rebase -F qcow2 -b base.qcow2 top.qcow2";
    assertThat(difference(new TwinSequence(setup, List.of(job, "map top.qcow2")))).isNull();
  }

  @Test
  void subclustersThatOursFillsWhenTheyAreReservedAreKnown() throws IOException {
    List<String> setup = List.of("qemu-img create -q -f qcow2 -o extended_l2=on top.qcow2 409600");
    List<String> jobs =
        List.of(
            "resize --preallocation=full -f qcow2 top.qcow2 1520128",
            "map --output=json -f qcow2 top.qcow2");
    assertThat(difference(new TwinSequence(setup, jobs))).isNull();
  }

  /** The other order of the options hides that its refcounts are wrong on purpose. */
  @Test
  void imagesThatNobodyDamagedMustBeSound() throws IOException {
    List<String> setup =
        List.of(
            "qemu-img create -q -f qcow2 base.qcow2 1M",
            "qemu-io -c 'write -P 2 131079 1' -f raw base.qcow2");
    assertThat(difference(new TwinSequence(setup, List.of("info base.qcow2"))))
        .startsWith("info base.qcow2\nqemu-img check: ");
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
      try {
        requireSame(new TwinJob(line), twins, known);
        requireSameImages(sequence, twins, known);
      } catch (AssertionError e) {
        return line + "\n" + e.getMessage();
      }
    }
    return null;
  }

  private static void requireSame(TwinJob job, TwinChains twins, KnownDifferences known) {
    TwinJob theirJob = known.before(job);
    ToolRun theirs = QemuTools.require().in(twins.theirs()).img(theirJob.placed(twins.theirs()));
    OurRun ours = OurRun.asQemuImg(job.placed(twins.ours()));
    String left = job.said(theirs, twins.theirs());
    String right = job.said(ours.exitCode(), ours.stdout(), ours.stderr(), twins.ours());
    if (!left.equals(right) && !known.explainsAnswers(job, left, right)) {
      throw new AssertionError("qemu-img: " + left + "\nours: " + right);
    }
    known.after(job, left);
  }

  private static ToolRun run(QemuTools qemu, List<String> words) {
    List<String> arguments = words.subList(1, words.size());
    return words.getFirst().equals("qemu-io") ? qemu.ioRaw(arguments) : qemu.img(arguments);
  }

  private static void requireSameImages(
      TwinSequence sequence, TwinChains twins, KnownDifferences known) {
    for (String image : TwinSequence.IMAGES) {
      boolean there = Files.exists(twins.theirs().resolve(image));
      if (there != Files.exists(twins.ours().resolve(image))) {
        throw new AssertionError(image + " is there of one alone");
      }
      if (there) {
        requireSameContent(image, twins, known);
        requireSound(image, sequence.damages(image), twins);
      }
    }
  }

  /** Ours has nothing wrong; of an image that was damaged, what QEMU finds wrong in its own. */
  private static void requireSound(String image, boolean damaged, TwinChains twins) {
    if (TwinSetup.format(image).equals("raw")) {
      return;
    }
    TwinJob check = new TwinJob("check -f qcow2 " + image);
    ToolRun ours = QemuTools.require().img(check.placed(twins.ours()));
    if (ours.exitCode() != 0) {
      ToolRun theirs = QemuTools.require().img(check.placed(twins.theirs()));
      if (!damaged
          || !found(check, ours, twins.ours()).equals(found(check, theirs, twins.theirs()))) {
        throw new AssertionError("qemu-img check: " + ours + "\nof its own: " + theirs);
      }
    }
  }

  /** Without the lines that tell where. */
  private static String found(TwinJob check, ToolRun run, Path directory) {
    return check.said(run.exitCode(), run.stdout(), "", directory);
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
