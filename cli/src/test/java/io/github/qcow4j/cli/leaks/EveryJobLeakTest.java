package io.github.qcow4j.cli.leaks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.leaks.Holdings.Kind;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.MemoryFolder;
import java.nio.file.Path;
import java.util.EnumMap;
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
  private static final int ROUNDS = 3;

  /**
   * Interpreted, or the compilers take and give back megabytes meanwhile. One area for {@code
   * malloc}, a heap that has its memory from the beginning and is compacted whole, no cache that
   * comes and goes, nor a large buffer of a thread's: what is measured then changes by some KiB.
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

  /** What the virtual machine itself takes beside the jobs, at once and with each round. */
  private record Slack(long once, long eachRound) {

    static Slack of(Kind kind) {
      return switch (kind) {
        case LIVE_HEAP_BYTES -> new Slack(32 << 10, 4 << 10);
        case LENT_BYTES -> new Slack(256 << 10, 8 << 10);
        // In pages, of which the C library may take some and give back none.
        case PRIVATE_KIBIBYTES -> new Slack(1024, 16);
        case MAPPINGS -> new Slack(8, 0);
        case DESCRIPTORS, THREADS -> new Slack(0, 0);
      };
    }
  }

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
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    Process process = builder.start();
    List<String> lines = process.inputReader(UTF_8).lines().toList();
    assertThat(process.waitFor()).isZero();

    Map<Kind, Long> before = read(lines.getFirst());
    Map<Kind, Long> after = read(lines.get(1));
    int rounds = Integer.parseInt(lines.getLast());
    System.out.printf("held before %d rounds %s, after them %s%n", rounds, before, after);
    assertThat(rounds).isGreaterThanOrEqualTo(ROUNDS);
    assertThat(before).containsKey(Kind.LIVE_HEAP_BYTES).hasSameSizeAs(after);
    before.forEach((kind, amount) -> {
      Slack slack = Slack.of(kind);
      assertThat(after.get(kind) - amount)
          .as("what was kept of %s in %d rounds", kind, rounds)
          .isLessThanOrEqualTo(slack.once() + rounds * slack.eachRound());
    });
  }

  private static Map<Kind, Long> read(String line) {
    Map<Kind, Long> held = new EnumMap<>(Kind.class);
    for (String each : line.split(" ", -1)) {
      String[] sides = each.split("=", -1);
      held.put(Kind.valueOf(sides[0]), Long.parseLong(sides[1]));
    }
    return held;
  }
}
