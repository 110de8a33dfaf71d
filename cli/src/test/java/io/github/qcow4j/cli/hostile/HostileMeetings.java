package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.hostile.Workshop.Variant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Predicate;

/** Brings hostile images before commands for programs in processes of their own. */
public final class HostileMeetings {

  private final Workshop workshop;
  private final Path directory;
  private final Path image;

  /**
   * Makes what all of them need.
   *
   * @param directory where nothing else is
   */
  public HostileMeetings(Path directory) throws IOException {
    this.workshop = new Workshop(directory);
    this.directory = directory;
    this.image = directory.resolve("image.qcow2");
  }

  /** What is done with each meeting. */
  @FunctionalInterface
  public interface Visitor {
    /** Is given a command, whose image is as it was made. */
    void meet(Meeting meeting) throws IOException, InterruptedException;
  }

  /** How many commands there are. */
  public static int commands() {
    return CommandLine.ALL.size();
  }

  /**
   * Brings each of the images that make commands hold most before commands.
   *
   * @param wanted says before which, by their words
   */
  public void ofHeavyImages(Predicate<String> wanted, Visitor visitor)
      throws IOException, InterruptedException {
    Path made = directory.resolve("made.qcow2");
    for (HostileCase hostile : heavy()) {
      Variant before = null;
      for (CommandLine command : CommandLine.ALL) {
        if (wanted.test(command.words())) {
          Variant variant = Variant.of(hostile, command);
          if (!variant.equals(before)) {
            Path _ = workshop.lay(hostile, variant, made);
            before = variant;
          }
          Files.copy(made, image, StandardCopyOption.REPLACE_EXISTING);
          meet(hostile, command.inLimitedTime(), visitor);
        }
      }
    }
  }

  /**
   * Brings one of so many of all images before one command, the next one before another.
   *
   * @param secret a file elsewhere that some of them name
   * @param seed which images these are, and which command comes first
   * @return how many images there are in all
   */
  public int byTurns(Path secret, long seed, int stride, Visitor visitor)
      throws IOException, InterruptedException {
    List<HostileCase> all = HostileCase.all(secret);
    for (int i = Math.floorMod(seed, stride); i < all.size(); i += stride) {
      CommandLine command = CommandLine.ALL.get(Math.floorMod(seed + i, commands()));
      Path _ = workshop.lay(all.get(i), Variant.of(all.get(i), command), image);
      meet(all.get(i), command, visitor);
    }
    return all.size();
  }

  private void meet(HostileCase hostile, CommandLine command, Visitor visitor)
      throws IOException, InterruptedException {
    workshop.restoreBase();
    if (command.words().contains("OTHER")) {
      workshop.lay(hostile.ground(), CommandLine.otherBeside(image));
    }
    Meeting meeting = new Meeting(hostile, command, image, workshop.sound());
    visitor.meet(meeting);
    Files.deleteIfExists(meeting.out());
  }

  private static List<HostileCase> heavy() {
    return List.of(
        TangledCases.longestRefcountTableOfOneFullBlock(),
        TangledCases.longestL1TableOfOneL2Table(),
        TangledCases.mostRepetitionsOfOneL2Table(),
        TangledCases.snapshotsOfOneLongestL1Table(),
        TangledCases.bitmapsOfOneTable(),
        LargestCases.snapshotTable(0),
        LargestCases.manyBitmaps());
  }
}
