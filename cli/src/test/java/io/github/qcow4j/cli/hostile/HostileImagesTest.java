package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever an image holds, each command answers in time and in little memory, in one line with a
 * proper exit code, and opens nothing else. Commands that only read write nothing, and neither do
 * others to an image that they refuse to open.
 */
final class HostileImagesTest {

  /** Of so many commands each image meets one, the next image the next; 1 for all of them. */
  private static final int STRIDE = Integer.getInteger("qcow4j.hostile.stride", 14);

  @TempDir private Path directory;
  private final Map<Ground, Path> grounds = new EnumMap<>(Ground.class);
  private final List<String> misdeeds = new ArrayList<>();
  private Path sound;

  @BeforeEach
  void makeGrounds() throws IOException {
    directory = directory.toRealPath();
    sound = Ground.raw(directory);
    for (Ground ground : Ground.values()) {
      grounds.put(ground, ground.make(directory, sound));
    }
  }

  @Test
  void structuresOnOneAnotherGetOrderlyAnswers() throws IOException {
    meet(TangledCases.all());
  }

  private void meet(List<HostileCase> cases) throws IOException {
    int meetings = 0;
    for (int i = 0; i < cases.size(); i++) {
      for (int j = i % STRIDE; j < CommandLine.ALL.size(); j += STRIDE) {
        meet(cases.get(i), CommandLine.ALL.get(j), make(cases.get(i)));
        meetings++;
      }
    }
    System.out.println(cases.size() + " hostile images, " + meetings + " commands");
    assertThat(misdeeds).isEmpty();
  }

  private void meet(HostileCase hostile, CommandLine command, Path image) throws IOException {
    Encounter encounter = Encounter.of(command, image, sound, directory);
    encounter
        .misdeed(Set.of(image, sound, directory.resolve("new")))
        .ifPresent(misdeed -> misdeeds.add(hostile + ": " + misdeed + "\n"));
  }

  private Path make(HostileCase hostile) throws IOException {
    Path image = directory.resolve("image.qcow2");
    Files.copy(grounds.get(hostile.ground()), image, StandardCopyOption.REPLACE_EXISTING);
    return ImageSurgeon.operate(image, hostile.edits());
  }
}
