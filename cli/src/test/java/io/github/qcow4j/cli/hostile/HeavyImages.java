package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The images that make commands hold most, for programs in processes of their own. */
public final class HeavyImages {

  private final Path directory;
  private final Path sound;

  /** Makes what all of them need in a directory. */
  public HeavyImages(Path directory) throws IOException {
    this.directory = directory;
    this.sound = Ground.raw(directory);
  }

  /**
   * A command before one of the images.
   *
   * @param program the name that the program is called by
   * @param words what the command is, with a name for each file
   */
  public record Meeting(String image, String program, String words, List<String> arguments) {

    @Override
    public String toString() {
      return image + ": " + words;
    }
  }

  /** What is done with each meeting. */
  @FunctionalInterface
  public interface Visitor {
    /** Is given a command, whose image is as it was made. */
    void meet(Meeting meeting) throws IOException, InterruptedException;
  }

  /** Brings every image before every command. */
  public void forEach(Visitor visitor) throws IOException, InterruptedException {
    Path made = directory.resolve("made.qcow2");
    Path image = directory.resolve("image.qcow2");
    Path out = directory.resolve("new");
    for (HostileCase hostile : cases()) {
      Path ground = hostile.ground().make(directory, sound);
      Path other = CommandLine.otherBeside(out);
      Files.copy(ground, made, StandardCopyOption.REPLACE_EXISTING);
      ImageSurgeon.operate(made, hostile.edits());
      for (CommandLine command : CommandLine.ALL) {
        Files.copy(made, image, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(ground, other, StandardCopyOption.REPLACE_EXISTING);
        visitor.meet(
            new Meeting(
                hostile.name(),
                command.personality() == Personality.QCOW4J ? "qcow4j" : "qemu-img",
                command.words(),
                command.arguments(image, sound, out)));
        Files.deleteIfExists(out);
      }
    }
  }

  private static List<HostileCase> cases() {
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
