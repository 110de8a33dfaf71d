package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.HomeReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A home, or what is beside it, is moved elsewhere while an operation is under way, at its first
 * call to a file, then at a later one, and so on. Whoever has a file open keeps it; no name leads
 * anywhere any more. The operation completes or fails, and leaves nothing open; once the files are
 * back the home shows the old or the new state, in agreement.
 *
 * <p>Calls are drawn from all of an operation's, and what vanishes at them; {@code
 * -Dqcow4j.vanish.most=1000000} tries all at every call, {@code -Dqcow4j.seed} sets the seed of
 * what is drawn.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class VanishingFilesTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 31L);

  /** At how many calls of an operation files vanish, about. */
  private static final int MOST = Integer.getInteger("qcow4j.vanish.most", 2);

  private static final Volume VOLUME = Volumes.host();
  private static final AtomicLong FAILED = new AtomicLong();
  private static final AtomicLong COMPLETED = new AtomicLong();

  @TempDir(factory = MemoryFolder.class)
  static Path root;

  private static Path template;

  /** What is moved. */
  private enum What {
    THE_HOME {
      @Override
      boolean moves(Path entry) {
        return isHome(entry);
      }
    },
    ALL_BESIDE_THE_HOME {
      @Override
      boolean moves(Path entry) {
        return !isHome(entry);
      }
    },
    EVERYTHING {
      @Override
      boolean moves(Path entry) {
        return true;
      }
    };

    abstract boolean moves(Path entry);

    private static boolean isHome(Path entry) {
      return entry.endsWith("home");
    }

    /** Moves it into another directory. */
    void move(Path from, Path to) throws IOException {
      try (Stream<Path> entries = Files.list(from)) {
        for (Path entry : entries.filter(this::moves).toList()) {
          Files.move(entry, to.resolve(entry.getFileName().toString()));
        }
      }
    }
  }

  @BeforeAll
  static void prepare() throws Exception {
    template = Files.createDirectory(root.resolve("template"));
    HaltedWork.prepare(template);
  }

  @AfterAll
  static void print() {
    System.out.println(
        "files vanished, seed %d: %d operations failed, %d completed"
            .formatted(SEED, FAILED.get(), COMPLETED.get()));
  }

  @ParameterizedTest
  @EnumSource
  void whatVanishesAndComesBackIsFoundAsItWasTold(HaltedWork work) throws Exception {
    AtomicLong calls = new AtomicLong();
    BeforeAndAfter states = leftAlone(work, calls);
    long step = Math.max(1, calls.get() / MOST);
    Random draw = new Random(SEED + work.name().hashCode());
    List<What> all = List.of(What.values());
    for (long first = 1; first <= calls.get(); first += step) {
      long nth = first + (step == 1 ? 0 : draw.nextLong(step));
      for (What what : step == 1 ? all : List.of(all.get(draw.nextInt(all.size())))) {
        try {
          vanish(what, nth, states);
        } catch (Exception | AssertionError e) {
          throw new AssertionError(
              "%s, seed %d, %s vanished at call %d: %s".formatted(work, SEED, what, nth, e), e);
        }
      }
    }
  }

  private static BeforeAndAfter leftAlone(HaltedWork work, AtomicLong calls) throws Exception {
    Path directory = root.resolve("alone-" + work);
    HaltedHome.copy(template, directory);
    TappedVolume tapped = new TappedVolume(VOLUME, _ -> calls.incrementAndGet());
    try (BoxHome home = BoxHome.open(work.options(directory), tapped.volume())) {
      Map<String, String> before = Observation.of(home, VOLUME).disks();
      calls.set(0);
      work.run(home, directory);
      long made = calls.get();
      Map<String, String> after = Observation.of(home, VOLUME).disks();
      calls.set(made);
      return new BeforeAndAfter(work, before, after);
    } finally {
      LoopFileSystem.delete(directory);
    }
  }

  private static void vanish(What what, long nth, BeforeAndAfter states) throws Exception {
    Path place = Files.createTempDirectory(root, "place");
    Path directory = place.resolve("work");
    Path aside = Files.createDirectory(place.resolve("aside"));
    HaltedHome.copy(template, directory);
    // Those of opening the home are not counted.
    AtomicLong calls = new AtomicLong(Long.MIN_VALUE);
    TappedVolume tapped =
        new TappedVolume(
            VOLUME,
            _ -> {
              if (calls.incrementAndGet() == nth) {
                what.move(directory, aside);
              }
            });
    HaltedWork work = states.work();
    IOException failure = null;
    try (BoxHome home = BoxHome.open(work.options(directory), tapped.volume())) {
      calls.set(0);
      failure = failureOf(work, home, directory);
    } catch (IOException e) {
      failure = e;
    }
    boolean reached = calls.get() >= nth;
    (failure == null ? COMPLETED : FAILED).incrementAndGet();
    assertThat(new LeakWatch(place).openFiles()).as("after %s", failure).isEmpty();
    what.move(aside, directory);
    if (failure != null) {
      assertThat(reached).as("it was left alone: %s", failure).isTrue();
      assertThat(failure).isNotInstanceOf(CorruptImageException.class);
    }
    if (work == HaltedWork.REPAIR && what != What.THE_HOME) {
      liftQuarantine(directory);
    }
    requireFoundAgain(directory, states, reached, failure);
    LoopFileSystem.delete(place);
  }

  private static @Nullable IOException failureOf(HaltedWork work, BoxHome home, Path directory) {
    try {
      work.run(home, directory);
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /** A box whose disk lies on an image that is gone cannot be relied on, until that is back. */
  private static void liftQuarantine(Path directory) throws IOException {
    try (BoxHome home = BoxHome.open(HaltedWork.REPAIR.options(directory))) {
      HomeReport report = home.check(true, new JobControl());
      assertThat(report.remaining()).isEmpty();
    }
  }

  private static void requireFoundAgain(
      Path directory, BeforeAndAfter states, boolean reached, @Nullable IOException failure)
      throws Exception {
    try (BoxHome home = BoxHome.open(states.work().options(directory))) {
      Map<String, String> shown = Observation.of(home, VOLUME).disks();
      states.requireAsTold(shown, reached, failure);
      home.collect(CollectRequest.ofGarbage(false), new JobControl());
      Observation.requireAgreement(home, VOLUME);
      assertThat(VOLUME.list(home.stagingDirectory())).isEqualTo(List.of());
    }
  }
}
