package io.github.qcow4j.cli.hostile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What stands around an image before a command: the names beside it, and a file that is sound. */
final class Surroundings {

  private final Path directory;
  private final Path sound;
  private final Set<Path> names;
  private final byte[] content;

  private Surroundings(Path directory, Path sound, Set<Path> names, byte[] content) {
    this.directory = directory;
    this.sound = sound;
    this.names = names;
    this.content = content;
  }

  /** As they are now. */
  static Surroundings of(Path directory, Path sound) throws IOException {
    return new Surroundings(directory, sound, names(directory), Files.readAllBytes(sound));
  }

  /**
   * What has become of them, or empty when nothing has.
   *
   * @param mayBeNew names that may be there now
   */
  Optional<String> change(Set<Path> mayBeNew) throws IOException {
    Set<Path> now = names(directory);
    if (!now.containsAll(names)) {
      return Optional.of("took away " + without(names, now));
    }
    Set<Path> left = without(now, names);
    left.removeAll(mayBeNew);
    if (!left.isEmpty()) {
      return Optional.of("left " + left);
    }
    return Arrays.equals(content, Files.readAllBytes(sound))
        ? Optional.empty()
        : Optional.of("changed " + sound);
  }

  private static Set<Path> names(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static Set<Path> without(Set<Path> all, Set<Path> these) {
    Set<Path> rest = new TreeSet<>(all);
    rest.removeAll(these);
    return rest;
  }
}
