package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.hostile.HostileMeetings;
import io.github.qcow4j.cli.hostile.Meeting;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.packaged.MeasuredProgram.Measured;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever an image holds, the whole process that a command is stays small, and answers as the
 * command does inside a test.
 *
 * <p>{@code -Dqcow4j.hostile.memory=true} brings the heaviest images before every command, and
 * every other image before one; {@code -Dqcow4j.seed} says before which.
 */
final class HostileMemoryTest {

  private static final boolean ALL = Boolean.getBoolean("qcow4j.hostile.memory");

  private static final long SEED = Long.getLong("qcow4j.seed", 7);

  /** Of so many images one is tried; coprime to how many commands there are. */
  private static final int STRIDE = ALL ? 1 : 61;

  private static final long MOST_KIBIBYTES = 512 << 10;

  /** However hostile an image, the answer to it comes within this time. */
  private static final int MOST_SECONDS = 10;

  /** Ends what hangs; these images are large, and a disk is waited for. */
  private static final int MOST_SECONDS_OF_HEAVY = 120;

  /** What reads a disk of 128 GiB holds as much as it will when this is up. */
  private static final Map<String, String> SECONDS = Map.of(TimeLimit.VARIABLE, "3");

  /** Images that lead to a file elsewhere are not followed. */
  private static final Map<String, String> BESIDE = Map.of("QCOW4J_REFERENCES", "same-dir");

  private static final List<String> HEAVIEST =
      List.of(
          "info --output=json IMAGE",
          "check -r all IMAGE",
          "bench -c 4 -f qcow2 IMAGE",
          "convert -c -O qcow2 IMAGE OUT",
          "rebase -b IMAGE -F qcow2 OTHER",
          "snapshot -c third IMAGE",
          "bitmap --remove IMAGE b0");

  @TempDir private Path directory;

  /** For thousands of small files: no disk is waited for there. */
  @TempDir(factory = MemoryFolder.class)
  Path memory;

  private final List<String> misdeeds = new ArrayList<>();
  private final Set<String> commands = new TreeSet<>();
  private MeasuredProgram program;
  private long mostKibibytes;
  private String heaviest = "";
  private int meetings;

  @BeforeEach
  void nameTheProgram() throws IOException {
    PackagedFolder.require();
    program = new MeasuredProgram(directory);
  }

  @Test
  void noHeavyImageMakesTheProcessLarge() throws IOException, InterruptedException {
    new HostileMeetings(Files.createDirectory(directory.resolve("images")))
        .ofHeavyImages(
            words -> ALL || HEAVIEST.contains(words),
            meeting -> meet(meeting, SECONDS, MOST_SECONDS_OF_HEAVY));
    print("heavy images");
    assertThat(meetings).isGreaterThan(20);
    assertThat(mostKibibytes).as("an image is heavy").isGreaterThan(150 << 10);
    assertThat(misdeeds).isEmpty();
  }

  @Test
  void noImageMakesTheProcessLargeOrItsAnswerUnlikeOthers()
      throws IOException, InterruptedException {
    Path secret = Files.writeString(directory.resolve("secret"), "what the host keeps to itself");
    int images =
        new HostileMeetings(memory.toRealPath())
            .byTurns(secret, SEED, STRIDE, meeting -> meet(meeting, BESIDE, MOST_SECONDS));
    print("images of %d (-Dqcow4j.seed=%d)".formatted(images, SEED));
    assertThat(meetings).isEqualTo((images - Math.floorMod(SEED, STRIDE) + STRIDE - 1) / STRIDE);
    assertThat(commands).hasSize(Math.min(HostileMeetings.commands(), meetings));
    assertThat(secret).hasContent("what the host keeps to itself");
    assertThat(misdeeds).isEmpty();
  }

  private void print(String images) {
    System.out.printf(
        "%d processes, %d commands, before %s: at most %d MiB (%s)%n",
        meetings, commands.size(), images, mostKibibytes >> 10, heaviest);
  }

  private void meet(Meeting meeting, Map<String, String> environment, int mostSeconds)
      throws IOException, InterruptedException {
    Measured measured =
        program.run(meeting.program(), meeting.arguments(), environment, mostSeconds);
    meetings++;
    commands.add(meeting.words());
    long kibibytes = measured.peakKibibytes();
    if (kibibytes > mostKibibytes) {
      mostKibibytes = kibibytes;
      heaviest = meeting.toString();
    }
    Optional<String> misdeed = misdeed(meeting, measured);
    String end =
        "%s: %d MiB, exit %d%s"
            .formatted(
                meeting,
                kibibytes >> 10,
                measured.run().exitCode(),
                misdeed.map(", "::concat).orElse(""));
    if (ALL) {
      System.out.println(end);
    }
    if (misdeed.isPresent()) {
      misdeeds.add(end + ": " + measured.run() + "\n");
    }
  }

  private static Optional<String> misdeed(Meeting meeting, Measured measured) throws IOException {
    if (measured.isEnded()) {
      return Optional.of("no answer in time");
    }
    return measured.peakKibibytes() > MOST_KIBIBYTES
        ? Optional.of("a large process")
        : meeting.misdeed(measured.run());
  }
}
