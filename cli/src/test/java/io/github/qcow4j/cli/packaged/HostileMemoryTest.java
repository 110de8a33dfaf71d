package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.hostile.HeavyImages;
import io.github.qcow4j.cli.hostile.HeavyImages.Meeting;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever an image makes the program hold, the whole process stays small: heap, buffers beside it,
 * the libraries and the runtime.
 *
 * <p>{@code -Dqcow4j.hostile.memory=true} brings the images before every command.
 */
final class HostileMemoryTest {

  private static final boolean ALL = Boolean.getBoolean("qcow4j.hostile.memory");

  private static final long MOST_KIBIBYTES = 512 << 10;

  /** What reads a disk of 128 GiB holds as much as it will when this is up. */
  private static final String SECONDS = "3";

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
  private final List<String> misdeeds = new ArrayList<>();
  private long mostKibibytes;
  private String heaviest = "";
  private int meetings;

  @BeforeEach
  void nameTheProgram() throws IOException {
    PackagedFolder.require();
    for (String name : List.of("qcow4j", "qemu-img")) {
      Path _ =
          Files.createSymbolicLink(
              directory.resolve(name), PackagedFolder.FOLDER.resolve("bin/qcow4j"));
    }
  }

  @Test
  void noImageMakesTheProcessLarge() throws IOException, InterruptedException {
    new HeavyImages(directory)
        .forEach(meeting -> {
          if (ALL || HEAVIEST.contains(meeting.words())) {
            meet(meeting);
          }
        });
    System.out.printf(
        "%d commands before heavy images, at most %d MiB (%s)%n",
        meetings, mostKibibytes >> 10, heaviest);
    assertThat(meetings).isGreaterThan(20);
    assertThat(mostKibibytes).as("an image is heavy").isGreaterThan(150 << 10);
    assertThat(misdeeds).isEmpty();
  }

  private void meet(Meeting meeting) throws IOException, InterruptedException {
    Path peak = directory.resolve("peak");
    Path error = directory.resolve("error");
    List<String> words = new ArrayList<>(List.of(QemuTools.requireProgram("time").toString()));
    words.addAll(List.of("-q", "-f", "%M", "-o", peak.toString()));
    words.add(directory.resolve(meeting.program()).toString());
    words.addAll(meeting.arguments());
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put(TimeLimit.VARIABLE, SECONDS);
    int exitCode =
        builder
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(error.toFile())
            .start()
            .waitFor();
    judge(
        meeting,
        // A line before it may tell of a signal.
        Long.parseLong(Files.readAllLines(peak).getLast()),
        exitCode,
        Files.readString(error, StandardCharsets.ISO_8859_1));
  }

  private void judge(Meeting meeting, long kibibytes, int exitCode, String error) {
    meetings++;
    if (kibibytes > mostKibibytes) {
      mostKibibytes = kibibytes;
      heaviest = meeting.toString();
    }
    String end = "%s: %d MiB, exit %d".formatted(meeting, kibibytes >> 10, exitCode);
    if (ALL) {
      System.out.println(end);
    }
    boolean outOfMemory =
        Stream.of("Cannot allocate memory", "OutOfMemory", "internal error")
            .anyMatch(error::contains);
    if (kibibytes > MOST_KIBIBYTES || outOfMemory || exitCode > TimeLimit.EXIT_CODE) {
      misdeeds.add(end + ": " + error + "\n");
    }
  }
}
