package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.MemoryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command that is refused whatever the image would never come to what is wrong with one. */
final class CommandLineTest {

  @TempDir(factory = MemoryFolder.class)
  private Path directory;

  @Test
  void everyCommandDoesItsWorkOnEachSoundImageThatHostileOnesAreMadeFrom() throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    Set<Ground> grounds =
        EnumSet.complementOf(EnumSet.of(Ground.PLAIN, Ground.MANY_BITMAPS, Ground.NARROW_COUNTERS));
    for (Ground ground : grounds) {
      HostileCase sound = new HostileCase("a sound image", ground, surgeon -> {});
      for (CommandLine command : CommandLine.ALL) {
        Encounter encounter = gauntlet.meet(sound, command);
        if (encounter.run().exitCode() == 0 != command.suits(ground)) {
          gauntlet.complain(sound, ground + ": " + encounter.run());
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }
}
