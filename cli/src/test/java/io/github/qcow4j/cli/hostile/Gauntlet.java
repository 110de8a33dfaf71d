package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Brings hostile images before commands, and remembers what these should not have done. */
final class Gauntlet {

  private final Path directory;
  private final Path sound;
  private final Path image;
  private final Map<Ground, Path> grounds = new EnumMap<>(Ground.class);
  private final List<String> misdeeds = new ArrayList<>();
  private HostileCase laid;
  private int meetings;

  Gauntlet(Path directory) throws IOException {
    this.directory = directory.toRealPath();
    this.sound = Ground.raw(this.directory);
    this.image = this.directory.resolve("image.qcow2");
  }

  /** What was wrong so far, one line for each. */
  List<String> misdeeds() {
    return misdeeds;
  }

  /** How many commands met an image so far. */
  int meetings() {
    return meetings;
  }

  /** Brings an image as it was made before a command. */
  Encounter meet(HostileCase hostile, CommandLine command) throws IOException {
    return meet(hostile, command, Map.of());
  }

  /** The same with an environment; in a home of boxes that it names all may be opened. */
  Encounter meet(HostileCase hostile, CommandLine command, Map<String, String> environment)
      throws IOException {
    if (!hostile.equals(laid)) {
      lay(hostile.ground(), image);
      ImageSurgeon.operate(image, hostile.edits());
    }
    // Seen below: what only reads has left the image as it was.
    laid = command.writing() ? null : hostile;
    if (command.words().contains("OTHER")) {
      lay(Ground.FULL, CommandLine.otherBeside(image));
    }
    Encounter encounter = Encounter.of(command, environment, image, sound, directory);
    meetings++;
    encounter
        .misdeed(mayOpen(encounter, environment.get("QCOW4J_HOME")))
        .or(encounter::halfDoneChange)
        .ifPresent(misdeed -> complain(hostile, misdeed));
    return encounter;
  }

  private void lay(Ground ground, Path file) throws IOException {
    Path made = grounds.computeIfAbsent(ground, each -> each.make(directory, sound));
    Files.copy(made, file, StandardCopyOption.REPLACE_EXISTING);
  }

  private Set<Path> mayOpen(Encounter encounter, String home) {
    Set<Path> files =
        new HashSet<>(
            List.of(image, CommandLine.otherBeside(image), sound, directory.resolve("new")));
    if (home != null) {
      encounter.calls().stream()
          .map(TappedVolume.Call::path)
          .filter(path -> path != null && path.startsWith(home))
          .forEach(files::add);
    }
    return files;
  }

  /** Remembers what was wrong. */
  void complain(HostileCase hostile, String misdeed) {
    misdeeds.add(hostile + ": " + misdeed + "\n");
  }
}
