package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Brings hostile images before commands, and remembers what these should not have done. */
final class Gauntlet {

  private final Path directory;
  private final Path sound;
  private final Map<Ground, Path> grounds = new EnumMap<>(Ground.class);
  private final List<String> misdeeds = new ArrayList<>();
  private int meetings;

  Gauntlet(Path directory) throws IOException {
    this.directory = directory.toRealPath();
    this.sound = Ground.raw(this.directory);
    for (Ground ground : Ground.values()) {
      grounds.put(ground, ground.make(this.directory, sound));
    }
  }

  /** What was wrong so far, one line for each. */
  List<String> misdeeds() {
    return misdeeds;
  }

  /** How many commands met an image so far. */
  int meetings() {
    return meetings;
  }

  /** Brings a new copy of an image before a command. */
  Encounter meet(HostileCase hostile, CommandLine command) throws IOException {
    Path image = directory.resolve("image.qcow2");
    Files.copy(grounds.get(hostile.ground()), image, StandardCopyOption.REPLACE_EXISTING);
    ImageSurgeon.operate(image, hostile.edits());
    Encounter encounter = Encounter.of(command, image, sound, directory);
    meetings++;
    encounter
        .misdeed(Set.of(image, sound, directory.resolve("new")))
        .ifPresent(misdeed -> complain(hostile, misdeed));
    return encounter;
  }

  void complain(HostileCase hostile, String misdeed) {
    misdeeds.add(hostile + ": " + misdeed + "\n");
  }
}
