package io.github.qcow4j.cli.fuzz;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.qcow4j.qcow2.testing.LeakWatch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The seeds, what a fuzzer found once, and some random descendants of the seeds. The long search is
 * {@link FuzzRunTest}. No target keeps memory outside the heap, or threads.
 */
final class FuzzCorpusTest {

  private static final int DESCENDANTS = Integer.getInteger("qcow4j.fuzz.descendants", 400);
  private static final long SEED = Long.getLong("qcow4j.fuzz.seed", 7);

  /** An input that takes longer hangs. */
  private static final Duration LONGEST = Duration.ofSeconds(10);

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource
  void nothingButForeseenFailures(FuzzTarget target) throws IOException {
    List<byte[]> seeds = FuzzSeeds.of(target, directory);
    LeakWatch leaks = new LeakWatch(directory);
    for (byte[] seed : seeds) {
      attack(target, seed);
    }
    for (byte[] found : FoundInputs.of(target)) {
      attack(target, found);
    }
    System.out.println(target + ": -Dqcow4j.fuzz.seed=" + SEED);
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < DESCENDANTS; i++) {
      attack(target, descendant(seeds.get(random.nextInt(seeds.size())), random));
    }
    leaks.assertNothingIsLeft();
  }

  private static void attack(FuzzTarget target, byte[] input) {
    assertThatCode(() -> assertTimeoutPreemptively(LONGEST, () -> target.run(input)))
        .as(() -> target + " " + HexFormat.of().formatHex(input))
        .doesNotThrowAnyException();
  }

  /** One to four numbers changed, mostly to extremes, or the end cut off. */
  private static byte[] descendant(byte[] parent, SplittableRandom random) {
    byte[] child = parent.clone();
    int changes = random.nextInt(1, 5);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(child.length);
      switch (random.nextInt(4)) {
        case 0 -> child[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> child[at] = (byte) random.nextInt();
        case 2 -> child[at] = (byte) (random.nextBoolean() ? 0xff : 0x80);
        default -> {
          int from = random.nextInt(child.length);
          int length = Math.min(8, child.length - Math.max(at, from));
          System.arraycopy(parent, from, child, at, length);
        }
      }
    }
    return random.nextInt(16) == 0
        ? java.util.Arrays.copyOf(child, random.nextInt(child.length))
        : child;
  }
}
