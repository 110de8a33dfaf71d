package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.hostile.Workshop.Variant;
import io.github.qcow4j.qcow2.TappedVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Brings hostile images before commands, and remembers what these should not have done. */
final class Gauntlet {

  private final Path directory;
  private final Workshop workshop;
  private final Path sound;
  private final Path image;
  private final List<String> misdeeds = new ArrayList<>();
  private HostileCase laid;
  private Variant laidVariant;
  private int meetings;

  Gauntlet(Path directory) throws IOException {
    this.directory = directory.toRealPath();
    this.workshop = new Workshop(this.directory);
    this.sound = workshop.sound();
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

  /** The sound raw disk, which no command may change. */
  Path sound() {
    return sound;
  }

  /** Brings an image as it was made before a command. */
  Encounter meet(HostileCase hostile, CommandLine command) throws IOException {
    return meet(hostile, command, Map.of());
  }

  /** The same with an environment. */
  Encounter meet(HostileCase hostile, CommandLine command, Map<String, String> environment)
      throws IOException {
    Variant variant = Variant.of(hostile, command);
    if (!hostile.equals(laid) || !variant.equals(laidVariant)) {
      Path _ = workshop.lay(hostile, variant, image);
      laidVariant = variant;
    }
    // Seen below: what only reads has left the image as it was.
    laid = command.writing() ? null : hostile;
    if (command.words().contains("OTHER")) {
      workshop.lay(Ground.FULL, CommandLine.otherBeside(image));
    }
    Encounter encounter = Encounter.of(command, environment, image, sound, directory);
    meetings++;
    Set<Path> mayOpen =
        new HashSet<>(
            Set.of(image, CommandLine.otherBeside(image), sound, directory.resolve("new")));
    if (variant.backed()) {
      mayOpen.add(workshop.base());
    }
    encounter
        .misdeed(mayOpen)
        .or(encounter::halfDoneChange)
        .or(() -> changeOfBase(encounter))
        .ifPresent(misdeed -> complain(hostile, misdeed));
    if (encounter.changesOf(workshop.base()).findAny().isPresent()) {
      workshop.restoreBase();
    }
    return encounter;
  }

  /** A change of the backing file that is none of the command's, or empty. */
  private Optional<String> changeOfBase(Encounter encounter) {
    return encounter
        .changesOf(workshop.base())
        .filter(_ -> !encounter.command().words().startsWith("commit"))
        .findAny()
        .map(call -> "changed the backing file by " + call + ": " + encounter.run());
  }

  /**
   * Brings something before a command about boxes.
   *
   * @param subject what was made of the image, a file or a directory; it may be opened, with all in
   *     it
   * @param home the home of the boxes; all in it may be opened
   */
  Encounter meet(HostileCase hostile, CommandLine command, Path subject, Path home)
      throws IOException {
    Encounter encounter =
        Encounter.of(command, Map.of("QCOW4J_HOME", home.toString()), subject, sound, directory);
    meetings++;
    Set<Path> mayOpen =
        encounter.calls().stream()
            .map(TappedVolume.Call::path)
            .filter(path -> path != null && isBelow(path, subject, home, directory.resolve("new")))
            .collect(Collectors.toSet());
    encounter.misdeed(mayOpen).ifPresent(misdeed -> complain(hostile, misdeed));
    encounter.calls().stream()
        .filter(WatchedVolume::isChange)
        .filter(call -> !mayChange(call.path(), home))
        .findAny()
        .ifPresent(call -> complain(hostile, "changed by " + call + ": " + encounter.run()));
    return encounter;
  }

  /** A file without a name is known by its directory, and has one in the end or is gone. */
  private boolean mayChange(@Nullable Path path, Path home) {
    return path != null
        && (path.equals(directory) || isBelow(path, home, directory.resolve("new")));
  }

  private static boolean isBelow(Path path, Path... places) {
    return Stream.of(places).anyMatch(path::startsWith);
  }

  /** Makes the image of a case, with all that its ground has. */
  Path lay(HostileCase hostile, Path file) throws IOException {
    return workshop.lay(hostile, Variant.WHOLE, file);
  }

  /** Remembers what was wrong. */
  void complain(HostileCase hostile, String misdeed) {
    misdeeds.add(hostile + ": " + misdeed + "\n");
  }
}
