package io.github.qcow4j.cli.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A directory with an upload of a stranger's, and beside it the file of its host that nobody may
 * touch.
 */
final class Scene {

  private static final byte[] SECRET = "what the host keeps to itself".repeat(100).getBytes(UTF_8);

  /** Whether every command meets each name, not only one of each kind. */
  private static final boolean ALL = Boolean.getBoolean("qcow4j.hostile.names");

  private final Path uploads;
  private final Path secret;
  private final Path raw;

  private Scene(Path uploads, Path secret, Path raw) {
    this.uploads = uploads;
    this.secret = secret;
    this.raw = raw;
  }

  static Scene in(Path directory) throws IOException {
    Path real = directory.toRealPath();
    Path uploads = Files.createDirectory(real.resolve("uploads"));
    Path secret = Files.write(real.resolve("secret"), SECRET);
    return new Scene(uploads, secret, Ground.raw(real));
  }

  Path uploads() {
    return uploads;
  }

  Path secret() {
    return secret;
  }

  Path raw() {
    return raw;
  }

  /** The upload, a sound image with something done to it. */
  Path upload(Ground ground, Consumer<ImageSurgeon> edits) {
    try {
      Path image = uploads.resolve("upload.qcow2");
      Files.move(ground.make(uploads, raw), image, StandardCopyOption.REPLACE_EXISTING);
      return ImageSurgeon.operate(image, edits);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path upload(HostileCase hostile) {
    return upload(hostile.ground(), hostile.edits());
  }

  /** An upload with a backing file of that name and format. */
  Path overlay(String backingName, String backingFormat) {
    return upload(
        Ground.PLAIN,
        surgeon ->
            surgeon
                .extensions()
                .append(HeaderExtensions.BACKING_FORMAT, backingFormat.getBytes(UTF_8))
                .setBackingName(backingName));
  }

  /** An upload with an external data file of that name. */
  Path withDataFile(String name) {
    return upload(
        Ground.PLAIN,
        surgeon -> {
          surgeon.setL2Entry(0, ImageSurgeon.COPIED);
          surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 2);
          surgeon.extensions().append(HeaderExtensions.DATA_FILE, name.getBytes(UTF_8));
        });
  }

  Encounter asQemuImg(Path image, String words) {
    return meet(new CommandLine(words, Personality.QEMU_IMG, true, 4), image);
  }

  Encounter asQcow4j(Path image, String words) {
    return meet(new CommandLine(words, Personality.QCOW4J, true, 4), image);
  }

  private Encounter meet(CommandLine command, Path image) {
    try {
      Encounter encounter = Encounter.of(command, image, raw, uploads);
      assertThat(encounter.traces()).as("%s", encounter.run()).isEmpty();
      return encounter;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Commands that go where an image leads, none of which may open anything but what is given, or do
   * what none may do.
   */
  void assertNoCommandOpensMoreThan(Path image, String policy, Path... others) {
    Path other = CommandLine.otherBeside(image);
    List<Path> files = new ArrayList<>(Arrays.asList(others));
    files.addAll(List.of(image, raw, uploads.resolve("new"), other));
    byte[] before = bytes(image);
    for (CommandLine command : ALL ? CommandLine.ALL : CommandLine.FOLLOWING) {
      Encounter encounter;
      try {
        if (command.words().contains("OTHER")) {
          Files.move(Ground.FULL.make(uploads, raw), other, StandardCopyOption.REPLACE_EXISTING);
        }
        encounter = Encounter.of(command, Map.of("QCOW4J_REFERENCES", policy), image, raw, uploads);
        if (command.writing()) {
          Files.write(image, before);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      assertThat(encounter.misdeed(Set.copyOf(files))).isEmpty();
    }
    assertSecretUntouched();
  }

  /**
   * The same of the ways that an image becomes a box's; what is in the home may be opened too. Of a
   * box that is refused nothing stays.
   */
  void assertNoBoxOpensMoreThan(Path image, String policy, Path... others) {
    Set<Path> files = new HashSet<>(Arrays.asList(others));
    files.addAll(Set.of(image, raw));
    for (Delivery delivery : Delivery.OF_A_FILE) {
      Encounter encounter = asBox(image, delivery, policy);
      encounter.calls().stream()
          .map(TappedVolume.Call::path)
          .filter(path -> path != null && path.startsWith(home()))
          .forEach(files::add);
      assertThat(encounter.misdeed(files)).isEmpty();
    }
    assertSecretUntouched();
  }

  /** Makes a box of an image in a new home, which is gone afterwards. */
  Encounter asBox(Path image, Delivery delivery, String policy) {
    Map<String, String> environment =
        Map.of("QCOW4J_HOME", home().toString(), "QCOW4J_REFERENCES", policy);
    try {
      Encounter encounter = Encounter.of(delivery.command(), environment, image, raw, uploads);
      LoopFileSystem.delete(home());
      return encounter;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path home() {
    return raw.resolveSibling("home");
  }

  void assertSecretUntouched() {
    assertThat(bytes(secret)).isEqualTo(SECRET);
  }

  /** Whether a command opened the host's own file. */
  boolean openedSecret(Encounter encounter) {
    return encounter.calls().stream()
        .filter(call -> call.is("open"))
        .map(TappedVolume.Call::path)
        .anyMatch(this::isSecret);
  }

  private boolean isSecret(Path path) {
    try {
      return Files.exists(path) && Files.isSameFile(path, secret);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
