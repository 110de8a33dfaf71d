package io.github.qcow4j.cli.leaks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that does every job over and over holds as much in the end as it did at first: objects,
 * memory of libraries, mappings, files and threads. That each job keeps 1 KiB is noticed.
 *
 * <p>{@code -Dqcow4j.load.seconds=180} goes on for three minutes.
 */
@EnabledOnOs(OS.LINUX)
final class EveryJobLeakTest {

  private static final long SECONDS = Long.getLong("qcow4j.load.seconds", 0);
  private static final int WARM_UP = 3;
  private static final int ROUNDS = 6;

  /** mallopt(3): one area, of which what is free goes back, and thresholds that stay. */
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "MALLOC_ARENA_MAX", "1",
          "MALLOC_TRIM_THRESHOLD_", "65536",
          "MALLOC_MMAP_THRESHOLD_", "65536");

  /**
   * Interpreted, or the compilers take and give back megabytes meanwhile. A heap that has its
   * memory from the beginning and is compacted whole, no cache that comes and goes, nor a large
   * buffer of a thread's: what is measured then changes by some KiB.
   */
  private static final List<String> OPTIONS =
      List.of(
          "--enable-native-access=ALL-UNNAMED",
          "-Xint",
          "-XX:+UseSerialGC",
          "-Xms96m",
          "-Xmx96m",
          "-XX:+AlwaysPreTouch",
          "-XX:MarkSweepDeadRatio=0",
          "-XX:SoftRefLRUPolicyMSPerMB=1000000",
          "-Djdk.nio.maxCachedBufferSize=65536");

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  @Test
  void noJobKeepsAnythingHoweverOftenItIsDone() throws Exception {
    ProcessBuilder builder =
        JavaProcess.builder(
            OPTIONS,
            RoundsProcess.class,
            directory.toString(),
            String.valueOf(WARM_UP),
            String.valueOf(ROUNDS),
            String.valueOf(SECONDS));
    builder.environment().putAll(ENVIRONMENT);
    Process process = builder.start();
    List<String> lines = process.inputReader(UTF_8).lines().toList();
    assertThat(process.waitFor()).isZero();

    lines.forEach(System.out::println);
    assertThat(lines).hasSizeGreaterThan(1);
    assertThat(lines.getLast()).as("what every stretch of rounds kept some of").isEqualTo("[]");
  }
}
