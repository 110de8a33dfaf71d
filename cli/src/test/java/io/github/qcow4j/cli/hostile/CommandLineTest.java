package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that is wrong in itself is refused before it comes to the image. */
final class CommandLineTest {

  @TempDir private Path directory;

  @Test
  void everyCommandDoesItsWorkOnASoundImage() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    Map<String, Integer> refused = new LinkedHashMap<>();
    for (CommandLine command : CommandLine.ALL) {
      for (Ground ground : new Ground[] {Ground.FULL, Ground.VERSION_2, Ground.ZLIB}) {
        HostileCase sound = new HostileCase("a sound image", ground, surgeon -> {});
        int exitCode = gauntlet.meet(sound, command).run().exitCode();
        if (exitCode == 0) {
          refused.remove(command.words());
          break;
        }
        refused.put(command.words(), exitCode);
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
    // None of the images has a backing file.
    assertThat(refused).containsOnlyKeys("commit IMAGE");
  }
}
