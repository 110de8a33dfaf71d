package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.testing.OurRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A hostile image, as it was made, before a command that a process of its own is to run. What that
 * opens is not seen from here; {@link Encounter} sees it.
 */
public final class Meeting {

  /** An image of this time has not been written to. */
  private static final FileTime LONG_AGO = FileTime.fromMillis(0);

  private final HostileCase hostile;
  private final CommandLine command;
  private final Path image;
  private final Path sound;
  private final Surroundings before;

  Meeting(HostileCase hostile, CommandLine command, Path image, Path sound) throws IOException {
    this.hostile = hostile;
    this.command = command;
    this.image = image;
    this.sound = sound;
    this.before = Surroundings.of(image.getParent(), sound);
    Files.setLastModifiedTime(image, LONG_AGO);
  }

  /** The name that the program is called by. */
  public String program() {
    return command.personality().programName();
  }

  /** What the command is, with a name for each file. */
  public String words() {
    return command.words();
  }

  /** What it is called with. */
  public List<String> arguments() {
    return command.arguments(image, sound, out());
  }

  /** What it did that no image may make a command do, or empty. */
  public Optional<String> misdeed(OurRun run) throws IOException {
    Answer answer = new Answer(command, run);
    Optional<String> problem = answer.problem();
    if (problem.isPresent()) {
      return problem;
    }
    if (!answer.mayHaveChangedTheImage() && !LONG_AGO.equals(Files.getLastModifiedTime(image))) {
      return Optional.of("changed the image");
    }
    return before.change(answer.isFailure() ? Set.of() : Set.of(out()));
  }

  /** What it makes. */
  Path out() {
    return image.resolveSibling("new");
  }

  @Override
  public String toString() {
    return hostile + ": " + command.words();
  }
}
