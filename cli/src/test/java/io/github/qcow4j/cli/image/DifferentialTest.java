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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  /**
   * What depends on where clusters are and on which were spared, on the clock, or on a name that
   * QEMU makes up for an open image.
   */
  private static final Pattern OF_NO_CONCERN =
      Pattern.compile(
          "(?m),? *\"(offset|actual-size|allocated-clusters|image-end-offset|date-sec|date-nsec|fragmented-clusters)\":"
              + " [0-9]+|^disk size: .*$|^Image end offset: .*$|[0-9]{4}-[0-9]{2}-[0-9]{2}"
              + " [0-9:]{8}|^[0-9]+/[0-9]+ = .*$|(?<=persistent in )'[^']*'|, \"present\": (true|false)");

  /** Neighbours in a map that were two because their clusters do not follow each other. */
  private static final Pattern NEIGHBOURS =
      Pattern.compile(
          "\\{ \"start\": ([0-9]+), \"length\": ([0-9]+)(, [^}]*)},\n"
              + "\\{ \"start\": [0-9]+, \"length\": ([0-9]+)\\3}");

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
        failures.add(report(seed, sequence, difference));
      }
    }
    System.out.printf(
        "differential: seed %d, %d sequences, %d jobs, %d differ%n",
        FIRST_SEED, done, jobs, failures.size());
    assertThat(failures).isEmpty();
  }

  private String report(long seed, TwinSequence sequence, String first) throws IOException {
    TwinSequence shortest = sequence;
    String difference = first;
    for (int i = shortest.jobs().size() - 1; i >= 0; i--) {
      TwinSequence shorter = shortest.without(i);
      String left = difference(shorter);
      if (left != null) {
        shortest = shorter;
        difference = left;
      }
    }
    Path script = Files.createDirectories(Path.of("target", "differential")).resolve(seed + ".sh");
    Files.writeString(script, shortest.script());
    return "-Dqcow4j.seed=" + seed + ", " + script + ":\n" + shortest.script() + difference;
  }

  /** In what the two differ first, or null. */
  private String difference(TwinSequence sequence) throws IOException {
    TwinChains twins = TwinChains.in(directory);
    twins.clear();
    QemuTools qemu = QemuTools.require().in(twins.theirs());
    for (String line : sequence.setup()) {
      ToolRun made = run(qemu, words(line));
      if (made.exitCode() != 0) {
        throw new IOException(made.toString());
      }
    }
    twins.copy();
    for (String job : sequence.jobs()) {
      ToolRun theirs = qemu.img(placed(job, twins.theirs()));
      OurRun ours = OurRun.asQemuImg(placed(job, twins.ours()));
      // Its lines are made by host offsets, which are not the same; --output=json is compared.
      boolean places = job.startsWith("map --output=human");
      String left =
          said(theirs.exitCode(), places ? "" : theirs.stdout(), theirs.stderr(), twins.theirs());
      String right =
          said(ours.exitCode(), places ? "" : ours.stdout(), ours.stderr(), twins.ours());
      if (!left.equals(right)) {
        return job + "\nqemu-img: " + left + "\nours: " + right;
      }
      String content = contentDifference(twins);
      if (content != null) {
        return job + "\n" + content;
      }
    }
    return null;
  }

  private static ToolRun run(QemuTools qemu, List<String> words) {
    List<String> arguments = words.subList(1, words.size());
    return words.getFirst().equals("qemu-io") ? qemu.ioRaw(arguments) : qemu.img(arguments);
  }

  private static String contentDifference(TwinChains twins) {
    for (String image : TwinSequence.IMAGES) {
      boolean there = Files.exists(twins.theirs().resolve(image));
      if (there != Files.exists(twins.ours().resolve(image))) {
        return image + " is there of one alone";
      }
      if (there) {
        try {
          twins.requireSameContent(image);
          QemuTools.require().assertCheckClean(twins.ours().resolve(image));
        } catch (AssertionError e) {
          return String.valueOf(e.getMessage());
        }
      }
    }
    return null;
  }

  /** A backing file is named as it is to be stored; all other images by their place. */
  private static List<String> placed(String job, Path place) {
    List<String> placed = new ArrayList<>();
    for (String word : words(job)) {
      boolean stored = !placed.isEmpty() && placed.getLast().equals("-b");
      placed.add(
          TwinSequence.IMAGES.contains(word) && !stored ? place.resolve(word).toString() : word);
    }
    return placed;
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = Pattern.compile("'([^']*)'|(\\S+)").matcher(line);
    while (matcher.find()) {
      words.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
    }
    return words;
  }

  private static String said(int exitCode, String stdout, String stderr, Path place) {
    String text = (stdout + stderr).replace(place.toString(), "@");
    return exitCode + " " + joined(OF_NO_CONCERN.matcher(text).replaceAll(""));
  }

  private static String joined(String map) {
    Matcher two = NEIGHBOURS.matcher(map);
    while (two.find()) {
      long length = Long.parseLong(two.group(2)) + Long.parseLong(two.group(4));
      String one = "{ \"start\": " + two.group(1) + ", \"length\": " + length + two.group(3) + "}";
      map = map.substring(0, two.start()) + one + map.substring(two.end());
      two = NEIGHBOURS.matcher(map);
    }
    return map;
  }
}
