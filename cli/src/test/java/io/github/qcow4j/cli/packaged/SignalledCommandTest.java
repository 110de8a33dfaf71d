package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import io.github.qcow4j.cli.packaged.SignalGround.State;
import io.github.qcow4j.cli.packaged.TracedProgram.Point;
import io.github.qcow4j.cli.packaged.TracedProgram.Signal;
import io.github.qcow4j.cli.packaged.TracedProgram.Traced;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The packaged program, sent a real SIGTERM or SIGINT while it makes a call that changes a file.
 * What is stopped so leaves nothing half: an image is as it was or as it is when the command
 * completes, a new one is complete or not there, and all can be worked on at once. A job past the
 * point of no return completes, and still ends with the signal's exit code.
 *
 * <p>A few of each command's calls are drawn, with a signal in turn; {@code -Dqcow4j.seed} sets the
 * seed, {@code -Dqcow4j.signals.every=true} tries all calls with both signals.
 */
final class SignalledCommandTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 31L);
  private static final boolean EVERY = Boolean.getBoolean("qcow4j.signals.every");

  /** Drawn of the calls of each command. */
  private static final int FEW = 2;

  private static final String SHRINK = "resize -q --shrink other.qcow2 200k";

  static final List<String> COMMANDS =
      List.of(
          "convert -O qcow2 disk.raw new.qcow2",
          "convert -O raw top.qcow2 new.raw",
          "create -q -f qcow2 -o preallocation=full new.qcow2 1M",
          "commit -q top.qcow2",
          "rebase -F qcow2 -b other.qcow2 top.qcow2",
          SHRINK,
          "snapshot -c two kept.qcow2",
          "snapshot -a one kept.qcow2",
          "snapshot -d one kept.qcow2",
          "amend -o compat=0.10 other.qcow2",
          "check -q -r all leaking.qcow2",
          "bitmap --merge one marked.qcow2 two",
          "box --home=home create two --from base.qcow2",
          "box --home=home snapshot create web one");

  /** The one image whose guest sees how far a job has come. */
  private static final Map<String, String> CHANGING = Map.of("commit", "base.qcow2");

  private static final AtomicLong SIGNALS = new AtomicLong();
  private static final AtomicLong RUNS = new AtomicLong();

  /** Runs that did not end before they knew. */
  private static final AtomicLong ENDED = new AtomicLong();

  @TempDir static Path root;

  private static SignalGround first;
  private static SignalGround ground;
  private static TracedProgram program;
  private static Map<String, State> before;
  private static Outcome boxesBefore;

  @BeforeAll
  static void makeImages() throws Exception {
    PackagedFolder.require();
    program = new TracedProgram(Files.createDirectory(root.resolve("logs")));
    program.require();
    first = new SignalGround(root.resolve("first"), program);
    first.make();
    before = first.states(first, Map.of());
    boxesBefore = first.boxes();
    ground = new SignalGround(root.resolve("ground"), program);
  }

  @AfterAll
  static void print() {
    System.out.printf(
        "%d signals sent to %d runs of %d commands, %d ended by them, seed %d%n",
        SIGNALS.get(), RUNS.get(), COMMANDS.size(), ENDED.get(), SEED);
  }

  /** What a run leaves that is left alone. */
  private record Result(
      List<String> said, List<String> names, Map<String, State> states, Outcome boxes) {}

  @ParameterizedTest
  @FieldSource("COMMANDS")
  void whatIsSignalledLeavesNothingHalf(String command) throws Exception {
    List<String> words = List.of(command.split(" ", -1));
    Traced complete = complete(words);
    Result result = result(complete, words);
    List<Point> points = new ArrayList<>(complete.points());
    assertThat(points).as("%s", complete).isNotEmpty();
    Collections.shuffle(points, new Random(SEED));
    int turn = COMMANDS.indexOf(command);
    for (Point point : points.subList(0, EVERY ? points.size() : Math.min(FEW, points.size()))) {
      Signal next = turn++ % 2 == 0 ? Signal.TERM : Signal.INT;
      for (Signal signal : EVERY ? List.of(Signal.values()) : List.of(next)) {
        signalAt(point, signal, words, result);
      }
    }
  }

  /** It was ended amid the steps that give clusters back, as no job of it could be stopped. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aShrinkThatIsSignalledLeaksNothing(int nth) throws Exception {
    List<String> words = List.of(SHRINK.split(" ", -1));
    Traced complete = complete(words);
    Point point = new Point("fdatasync", nth);
    assertThat(complete.points()).contains(point);

    signalAt(point, Signal.INT, words, result(complete, words));
  }

  private static Traced complete(List<String> words) throws Exception {
    ground.copyFrom(first);
    Traced complete = program.undisturbed(ground.directory(), words);
    assertThat(complete.outcome().exitCode()).as("%s", complete).isZero();
    return complete;
  }

  private static Result result(Traced complete, List<String> words) throws Exception {
    return new Result(
        complete.outcome().error().lines().toList(),
        ground.names(),
        ground.states(first, before),
        ofBoxes(words) ? ground.boxes() : boxesBefore);
  }

  private static boolean ofBoxes(List<String> words) {
    return words.getFirst().equals("box");
  }

  private static void signalAt(Point point, Signal signal, List<String> words, Result result)
      throws Exception {
    ground.copyFrom(first);
    Traced run = program.signalled(ground.directory(), point, signal, words);
    SIGNALS.addAndGet(run.signals());
    RUNS.incrementAndGet();
    if (run.outcome().exitCode() == signal.exitCode()) {
      ENDED.incrementAndGet();
    }
    try {
      requireProperEnd(run, signal, result);
      boolean completed = run.outcome().exitCode() == 0;
      if (ofBoxes(words)) {
        assertThat(ground.boxes()).isIn(completed ? result.boxes() : boxesBefore, result.boxes());
      }
      requireNothingHalf(words, completed, result);
    } catch (AssertionError e) {
      throw new AssertionError(
          "%s, %s at %s, seed %d: %s%n%s"
              .formatted(String.join(" ", words), signal, point, SEED, e.getMessage(), run),
          e);
    }
  }

  private static void requireProperEnd(Traced run, Signal signal, Result result) {
    Outcome outcome = run.outcome();
    assertThat(outcome.exitCode()).isIn(0, run.signals() == 0 ? 0 : signal.exitCode());
    assertThat(outcome.error()).doesNotContain("internal error", "Exception");
    assertThat(outcome.error().lines())
        .filteredOn(line -> !result.said().contains(line))
        .hasSizeLessThanOrEqualTo(1);
  }

  private static void requireNothingHalf(List<String> words, boolean completed, Result result)
      throws Exception {
    List<String> names = ground.names();
    assertThat(names).isIn(completed ? result.names() : first.names(), result.names());
    for (String name : result.states().keySet()) {
      if (!names.contains(name)
          || (!completed && !words.contains(name) && ground.unchanged(name, first))) {
        continue;
      }
      boolean repaired = completed && words.contains(name);
      ground.requireClean(name, !repaired && name.equals(SignalGround.LEAKING));
      State complete = result.states().get(name);
      if (completed) {
        assertThat(ground.state(name)).as(name).isEqualTo(complete);
      } else if (!name.equals(CHANGING.get(words.getFirst()))) {
        assertThat(ground.state(name)).as(name).isIn(before.getOrDefault(name, complete), complete);
      }
    }
    for (String name : names) {
      if (words.contains(name)) {
        ground.requireWritable(name);
      }
    }
  }
}
