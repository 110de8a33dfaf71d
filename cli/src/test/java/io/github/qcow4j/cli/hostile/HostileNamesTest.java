package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.TappedVolume;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names in images that would lead out of the directory, to devices, or to no file at all. */
final class HostileNamesTest {

  @TempDir private Path directory;
  private Scene scene;

  @BeforeEach
  void prepare() throws Exception {
    scene = Scene.in(directory);
    Files.createSymbolicLink(scene.uploads().resolve("link"), scene.secret());
    Files.createSymbolicLink(scene.uploads().resolve("up"), scene.uploads().getParent());
    Files.createSymbolicLink(scene.uploads().resolve("round"), Path.of("round"));
    Process fifo = new ProcessBuilder("mkfifo", scene.uploads().resolve("fifo").toString()).start();
    assertThat(fifo.waitFor()).isZero();
  }

  static Stream<String> names() {
    return Stream.of(
        "../secret",
        "./../uploads/../secret",
        "link",
        "up/secret",
        "round",
        "fifo",
        ".",
        "..",
        "/",
        "/dev/zero",
        "/dev/stdin",
        "/dev/fd/0",
        "/dev/tty",
        "/proc/self/mem",
        "/proc/self/environ",
        "/etc/passwd",
        "file:../secret",
        "file:///etc/passwd",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"../secret\"}}",
        "json:{}",
        "json:",
        "nbd:unix:/run/socket",
        "nbd://127.0.0.1:1/x",
        "nbd+unix:///?socket=/run/socket",
        "http://127.0.0.1:1/image",
        "ssh://127.0.0.1/etc/passwd",
        "vvfat:/etc",
        "fat:rw:/etc",
        "blkdebug::../secret",
        "host_device:/dev/zero",
        "nowhere\nqemu-img: a line of its own",
        "nowhere\r\u001b[2J",
        "x".repeat(1_000));
  }

  @ParameterizedTest
  @MethodSource("names")
  void aBackingNameOpensNothingOutsideTheDirectory(String name) {
    Path image = scene.overlay(name, "raw");

    assertKeptInside(image);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nowhere\nqemu-img: a line of its own", "nowhere\r\u001b[2J"})
  void aNameNeitherBeginsALineNorDrawsOnTheTerminal(String name) {
    Path image = scene.overlay(name, "raw");

    for (String words : new String[] {"map IMAGE", "info --backing-chain IMAGE"}) {
      String said = scene.asQemuImg(image, words).run().stderr();
      assertThat(said.lines()).hasSize(1);
      assertThat(said.strip().chars()).noneMatch(Character::isISOControl);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void aDataFileNameOpensNothingOutsideTheDirectory(String name) {
    Path image = scene.withDataFile(name);

    assertKeptInside(image);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"../secret\"}}",
        "nbd:unix:/run/socket",
        "nbd://127.0.0.1:1/x",
        "http://127.0.0.1:1/image",
        "vvfat:/etc"
      })
  void aProtocolIsNotFollowedWhateverThePolicy(String name) {
    Path image = scene.overlay(name, "raw");

    scene.assertNoCommandOpensMoreThan(image, "allow");
    scene.assertNoBoxOpensMoreThan(image, "allow");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "/dev/zero", ".", "round"})
  void whatIsNoRegularFileIsNoBackingFileAndNobodyWaitsForIt(String name) {
    Path image = scene.overlay(name, "raw");

    for (String words : new String[] {"convert -O raw IMAGE OUT", "info --backing-chain IMAGE"}) {
      Encounter encounter = scene.asQemuImg(image, words);
      assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isEqualTo(1);
      assertThat(encounter.run().stderr().lines()).hasSize(1);
    }
  }

  /** To open it is to do something with it already: a tape is rewound, a watchdog armed. */
  @ParameterizedTest
  @ValueSource(strings = {"fifo", "/dev/zero"})
  void aPipeOrDeviceThatAnImageNamesIsNotOpenedToFindThatOut(String name) {
    Path named = scene.uploads().resolve(name);
    for (Path image : List.of(scene.overlay(name, "raw"), scene.withDataFile(name))) {
      for (CommandLine command : CommandLine.FOLLOWING) {
        assertNotOpened(named, scene.asQcow4j(image, command.words()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "/dev/zero"})
  void aPipeOrDeviceIsNotOpenedAsAnImage(String name) {
    Path image = scene.uploads().resolve(name);
    for (CommandLine command : CommandLine.ALL) {
      if (!command.startsWithAny("convert -n", "dd -f raw")) {
        assertNotOpened(image, scene.asQcow4j(image, command.words()));
      }
    }
  }

  private static void assertNotOpened(Path file, Encounter encounter) {
    assertThat(encounter.calls())
        .as("%s", encounter.run())
        .noneMatch(call -> call.is("open") && file.equals(call.path()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "/dev/zero", ".", "round"})
  void noBoxIsMadeOfWhatIsNoRegularFileOrLeadsToSuch(String name) {
    for (Path image : List.of(scene.uploads().resolve(name), scene.overlay(name, "raw"))) {
      for (Delivery delivery : Delivery.OF_A_FILE) {
        OurRun run = scene.asBox(image, delivery, "allow").run();
        assertThat(run.exitCode()).as("%s", run).isBetween(1, 8);
        assertThat(run.stderr().lines()).as("%s", run).hasSize(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "/dev/zero", ".", "round"})
  void whatIsNoRegularFileIsNoImageEither(String name) {
    Path image = scene.uploads().resolve(name);
    Set<String> changes = Set.of("write", "truncate");

    for (CommandLine command : CommandLine.ALL) {
      Encounter encounter = scene.asQemuImg(image, command.words());
      assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isBetween(1, 63);
      assertThat(encounter.calls())
          .filteredOn(call -> image.equals(call.path()))
          .extracting(TappedVolume.Call::name)
          .doesNotContainAnyElementsOf(changes);
    }
  }

  /** The directory itself may be opened, which the kernel refuses. */
  private void assertKeptInside(Path image) {
    scene.assertNoCommandOpensMoreThan(image, "same-dir", scene.uploads());
    scene.assertNoCommandOpensMoreThan(image, "deny");
    scene.assertNoBoxOpensMoreThan(image, "same-dir", scene.uploads());
    scene.assertNoBoxOpensMoreThan(image, "deny");
  }
}
