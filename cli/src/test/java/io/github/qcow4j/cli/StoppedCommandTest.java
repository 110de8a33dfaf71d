package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.testing.LeakWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Commands with a job that is stopped, whose time is up, whose storage fails, or whose files are
 * moved elsewhere, at their first call to a file, then at a later one, and so on until they are
 * left alone. Each either completes and says so, or fails; then no file is there that was not, what
 * guests read has not changed, and everything can be written to at once.
 *
 * <p>Calls are drawn from all of a command's; {@code -Dqcow4j.stop.most=1000000} tries every call,
 * {@code -Dqcow4j.seed} sets the seed of what is drawn.
 */
final class StoppedCommandTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 29L);

  /** At how many calls of a command it is stopped in each way, about. */
  private static final int MOST = Integer.getInteger("qcow4j.stop.most", 20);

  private static final List<String> JOBS =
      List.of(
          "convert -O raw top.qcow2 new.raw",
          "convert -O qcow2 top.qcow2 new.qcow2",
          "convert -c -O qcow2 top.qcow2 new.qcow2",
          "dd -O qcow2 bs=65536 if=top.qcow2 of=new.qcow2",
          "flatten top.qcow2",
          "commit top.qcow2",
          "rebase -F qcow2 -b other.qcow2 top.qcow2",
          "amend -o compat=0.10 top.qcow2",
          "check -r all leaking.qcow2",
          "compare top.qcow2 same.qcow2",
          "checksum top.qcow2",
          "measure -O qcow2 top.qcow2",
          "verify base.qcow2",
          "convert -n -O qcow2 top.qcow2 other.qcow2",
          "create -f raw -o preallocation=full new.raw 4M",
          "create -f qcow2 -o preallocation=full new.qcow2 4M",
          "resize --preallocation=full base.qcow2 4M");

  /** What is done at once may be done when it is told to stop. */
  private static final List<String> OTHERS =
      List.of(
          "map top.qcow2",
          "info --backing-chain top.qcow2",
          "bench -c 20 -s 4096 top.qcow2",
          "create -f qcow2 -o preallocation=metadata new.qcow2 256k",
          "resize --preallocation=falloc base.qcow2 512k",
          "snapshot -c one base.qcow2",
          "bitmap --add base.qcow2 one");

  static final List<String> COMMANDS = Stream.concat(JOBS.stream(), OTHERS.stream()).toList();

  /** The one image whose guest sees how far a job has come. */
  private static final Map<String, String> CHANGING =
      Map.of("commit", "base.qcow2", "convert -n", "other.qcow2", "resize", "base.qcow2");

  /** Nobody counts, so that the time is up when the test says so. */
  private static final Map<String, String> LIMITED = Map.of(TimeLimit.VARIABLE, "2");

  private static final AtomicInteger STOPPED = new AtomicInteger();

  @TempDir(factory = MemoryFolder.class)
  Path root;

  private StoppedImages first;
  private StoppedImages images;
  private LeakWatch watch;
  private Map<String, Long> before;

  private enum Way {
    CANCELLED {
      @Override
      void stop(Console console, StoppedImages images) {
        boolean _ = console.cancel();
      }
    },
    TIME_IS_UP {
      @Override
      void stop(Console console, StoppedImages images) {
        boolean _ = console.deadline().pass();
      }
    },
    STORAGE_FAILS {
      @Override
      void stop(Console console, StoppedImages images) throws IOException {
        throw Errno.EIO.exception("call", "");
      }
    },
    /** Whoever has a file open keeps it; no name leads anywhere any more. */
    FILES_VANISH {
      @Override
      void stop(Console console, StoppedImages images) throws IOException {
        Files.move(images.directory(), aside(images));
      }

      @Override
      void goOn(StoppedImages images) throws IOException {
        if (Files.exists(aside(images))) {
          Files.move(aside(images), images.directory());
        }
      }

      private static Path aside(StoppedImages images) {
        return images.directory().resolveSibling("aside");
      }
    };

    abstract void stop(Console console, StoppedImages images) throws IOException;

    /** Afterwards the machine is as it was. */
    void goOn(StoppedImages images) throws IOException {}
  }

  @BeforeEach
  void makeImages() throws IOException {
    first = new StoppedImages(Files.createDirectory(root.resolve("first")));
    first.make();
    before = first.contents();
    images = new StoppedImages(root.resolve("images"));
    watch = new LeakWatch(images.directory());
  }

  @AfterAll
  static void print() {
    System.out.println("commands stopped, seed " + SEED + ": " + STOPPED);
  }

  @ParameterizedTest
  @FieldSource("COMMANDS")
  void whatIsStoppedLeavesNothingHalf(String command) throws IOException {
    for (Way way : Way.values()) {
      images.copyFrom(first);
      AtomicInteger calls = new AtomicInteger();
      OurRun complete = run(command, way, Integer.MAX_VALUE, calls);
      assertThat(complete.exitCode()).as("%s", complete).isZero();
      Result result = new Result(images.names(), images.contents(), images.described());
      images.remove();
      int failed = stopAtCalls(command, way, calls.get(), result);
      // A disk that is resized is opened by its name once, and then stays open.
      boolean unnamed = way == Way.FILES_VANISH && command.startsWith("resize");
      if (way == Way.STORAGE_FAILS || (JOBS.contains(command) && !unnamed)) {
        assertThat(failed).as(command + ", " + way).isPositive();
      }
      STOPPED.addAndGet(failed);
    }
  }

  /** What a run leaves that is left alone. */
  private record Result(List<String> names, Map<String, Long> contents, String described) {}

  /** Returns how many of the runs did not complete. */
  private int stopAtCalls(String command, Way way, int calls, Result result) throws IOException {
    int step = Math.max(1, calls / MOST);
    Random draw = new Random(SEED);
    int failed = 0;
    boolean reached = true;
    for (int from = 1; reached; from += step) {
      int nth = from + (step == 1 ? 0 : draw.nextInt(step));
      images.copyFrom(first);
      AtomicInteger done = new AtomicInteger();
      OurRun run = run(command, way, nth, done);
      reached = done.get() >= nth;
      try {
        if (run.exitCode() == 0) {
          requireComplete(command, result);
        } else {
          assertThat(reached).as("it was left alone").isTrue();
          requireStopped(command, way, run, result);
          failed++;
        }
      } catch (IOException | AssertionError e) {
        throw new AssertionError(
            "%s, %s at call %d, seed %d: %s%n%s"
                .formatted(command, way, nth, SEED, e.getMessage(), run),
            e);
      }
      images.remove();
    }
    return failed;
  }

  private OurRun run(String command, Way way, int nth, AtomicInteger calls) throws IOException {
    List<Console> consoles = new ArrayList<>();
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              // What is not closed by its owner would be the test's own leak.
              if (call.mayFail() && !call.is("close") && calls.incrementAndGet() == nth) {
                way.stop(consoles.getFirst(), images);
              }
            });
    OurRun run =
        OurRun.prepared(
            Personality.QCOW4J, LIMITED, tapped::volume, consoles::add, placed(command));
    way.goOn(images);
    return run;
  }

  /** Names of images are of the directory, but for those that are stored. */
  private List<String> placed(String command) {
    List<String> words = new ArrayList<>();
    for (String word : Arrays.asList(command.split(" ", -1))) {
      boolean image = word.endsWith(".qcow2") || word.endsWith(".raw");
      boolean stored = !words.isEmpty() && words.getLast().equals("-b");
      int name = word.indexOf('=') + 1;
      words.add(
          image && !stored
              ? word.substring(0, name) + images.directory().resolve(word.substring(name))
              : word);
    }
    return words;
  }

  private void requireComplete(String command, Result result) throws IOException {
    assertThat(images.names()).isEqualTo(result.names());
    assertThat(images.contents()).isEqualTo(result.contents());
    assertThat(images.described()).isEqualTo(result.described());
    requireNothingHeld(command.startsWith("check ") ? List.of() : List.of(StoppedImages.LEAKING));
  }

  private void requireStopped(String command, Way way, OurRun run, Result result)
      throws IOException {
    // A check tells what it finds before.
    String last = run.stderr().lines().reduce("", (before, line) -> line);
    boolean oneLine = command.startsWith("check ") || run.stderr().lines().count() <= 1;
    assertThat(oneLine).as("one line").isTrue();
    switch (way) {
      // A comparison says by 1 that two disks differ.
      case CANCELLED ->
          assertThat(run.exitCode()).isEqualTo(command.startsWith("compare ") ? 2 : 1);
      case TIME_IS_UP -> {
        assertThat(run.exitCode()).isEqualTo(TimeLimit.EXIT_CODE);
        assertThat(last).endsWith("The command did not end within 2 seconds");
      }
      case STORAGE_FAILS -> assertThat(last).startsWith("qcow4j: ").contains("Input/output error");
      case FILES_VANISH ->
          assertThat(last).startsWith("qcow4j: ").contains("No such file or directory");
    }
    assertThat(images.names()).isIn(first.names(), result.names());
    Map<String, Long> contents = new HashMap<>(images.contents());
    Map<String, Long> expected = new HashMap<>(before);
    CHANGING.forEach((start, changing) -> {
      if (command.startsWith(start)) {
        contents.remove(changing);
        expected.remove(changing);
      }
    });
    contents.keySet().retainAll(expected.keySet());
    assertThat(contents).isEqualTo(expected);
    // What could not be written may be counted all the same.
    requireNothingHeld(way == Way.STORAGE_FAILS ? images.names() : List.of(StoppedImages.LEAKING));
  }

  private void requireNothingHeld(Collection<String> mayLeak) throws IOException {
    watch.assertNothingIsLeft();
    images.requireClean(mayLeak);
  }
}
