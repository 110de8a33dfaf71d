package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.sidebyside.CommandContender.Output;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The runtime that ships, with a cache for one class, by the options that suit it best. */
final class BareRuntime {

  private final Path java;
  private final Path cache;

  /**
   * @param folder our packaged folder
   * @param directory where its cache is made
   */
  BareRuntime(Path folder, Path directory) {
    this.java = folder.resolve("runtime/bin/java");
    this.cache = directory.resolve("one-line.aot");
  }

  /** It printing one line. */
  Contender contender(Side side) {
    return new CommandContender(
        "the runtime, printing one line",
        side,
        Ending.DEFAULT,
        command("-XX:AOTCache=" + cache),
        Output.NOWHERE);
  }

  /** Makes the cache, or finds it made. */
  Path cache() throws IOException {
    if (!Files.exists(cache)) {
      Process made =
          new ProcessBuilder(command("-XX:AOTCacheOutput=" + cache))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      made.onExit().join();
      if (!Files.exists(cache)) {
        throw new IOException("no cache was made: " + cache);
      }
    }
    return cache;
  }

  private List<String> command(String option) {
    return List.of(
        java.toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        option,
        "-cp",
        ownJar().toString(),
        OneLine.class.getName());
  }

  private static Path ownJar() {
    try {
      return Path.of(OneLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
