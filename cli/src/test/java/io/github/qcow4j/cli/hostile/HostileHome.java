package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.LoopFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A home in which somebody has put another image in the place of one. Box {@code web} has two
 * snapshots, on the first of which {@code twin} stands; {@code solo} and {@code other} stand by
 * themselves.
 */
final class HostileHome {

  private static final int REFUSED = 8;

  private final Path sound;
  private final Path home;
  private final Map<Victim, Path> victims = new EnumMap<>(Victim.class);
  private final List<Path> others;

  /** The image that is another, and what is done about its box. */
  enum Victim {
    SNAPSHOT(
        Stream.concat(
            reading(
                "snapshot create web three",
                "snapshot diff web one",
                "snapshot diff web one two",
                "snapshot tree web",
                "show web",
                "clone web c1 c2",
                "clone web c1 --snapshot one",
                "clone web c1 --snapshot one --full",
                "restore web one",
                "restore web one --keep kept",
                "export web -o OUT",
                "export web --snapshot one --to-dir OUT",
                "gc --dry-run --keep 0",
                "check"),
            writing(
                "snapshot rm web one --merge",
                "snapshot rm web one two --merge",
                "gc --keep 0",
                "rm web --force",
                "run web -- true",
                "check --repair"))),
    LIVE(
        Stream.concat(
            reading("clone solo c1 --full", "export solo -o OUT", "export solo --to-dir OUT"),
            writing(
                "snapshot create solo s1",
                "clone solo c1",
                "rm solo",
                "run solo -- true",
                "check --repair"))),
    EXPORTED(writing("restore solo --from-dir PARENT --force", "clone --from-dir PARENT c1"));

    @SuppressWarnings("ImmutableEnumChecker") // Never changed.
    private final List<CommandLine> commands;

    Victim(Stream<CommandLine> commands) {
      this.commands = commands.toList();
    }

    List<CommandLine> commands() {
      return commands;
    }

    private static Stream<CommandLine> reading(String... commands) {
      return Stream.of(commands).map(words -> command(words, false));
    }

    private static Stream<CommandLine> writing(String... commands) {
      return Stream.of(commands).map(words -> command(words, true));
    }

    private static CommandLine command(String words, boolean writing) {
      return new CommandLine("box " + words, Personality.QCOW4J, writing, REFUSED);
    }
  }

  /**
   * @param directory an empty one
   * @param raw what is on the disk of the box that nobody is to touch
   */
  HostileHome(Path directory, Path raw) throws IOException {
    sound = directory.resolve("sound");
    home = directory.resolve("home");
    BoxRun box = new BoxRun(sound);
    String _ = box.ok("create", "other", "--from", raw.toString(), "--independent");
    others = images();
    String _ = box.ok("create", "solo", "--size", "1M");
    String _ = box.ok("create", "web", "--size", "1M");
    String _ = box.ok("snapshot", "create", "web", "one");
    String _ = box.ok("snapshot", "create", "web", "two");
    String _ = box.ok("clone", "web", "twin", "--snapshot", "one");
    victims.put(Victim.SNAPSHOT, relative(box.ok("snapshot", "path", "web", "one")));
    victims.put(Victim.LIVE, relative(box.ok("path", "solo")));
    // Without checksums, which would tell at once.
    Path exported = Files.createDirectory(sound.resolve("exported"));
    Path _ = Delivery.DIRECTORY.pack(raw, exported);
    victims.put(Victim.EXPORTED, sound.relativize(exported.resolve("root.qcow2")));
  }

  private Path relative(String shown) {
    return sound.relativize(Path.of(shown.strip()));
  }

  private List<Path> images() throws IOException {
    List<Path> images = new ArrayList<>();
    for (String directory : List.of("disks", "layers")) {
      try (Stream<Path> files = Files.list(sound.resolve(directory))) {
        files.map(sound::relativize).forEach(images::add);
      }
    }
    return images;
  }

  /** Where it is. */
  Path home() {
    return home;
  }

  /** Makes it as it was at first; returns the file that is to be another. */
  Path reset(Victim victim) throws IOException {
    if (Files.exists(home)) {
      LoopFileSystem.delete(home);
    }
    try (Stream<Path> found = Files.walk(sound)) {
      for (Path path : found.toList()) {
        // Thousands of copies need no room for hard times.
        if (!path.endsWith("catalogue.reserve")) {
          Files.copy(
              path,
              home.resolve(sound.relativize(path).toString()),
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
    return home.resolve(victims.get(victim));
  }

  /** What has become of boxes that are not concerned, or empty when nothing has. */
  Optional<String> harm() throws IOException {
    for (Path image : others) {
      Path file = home.resolve(image);
      if (!Files.exists(file) || Files.mismatch(file, sound.resolve(image)) >= 0) {
        return Optional.of("changed " + image);
      }
    }
    String list = new BoxRun(home).ok("list");
    assertThat(list).startsWith("NAME");
    return list.contains("other") ? Optional.empty() : Optional.of("lost a box: " + list);
  }
}
