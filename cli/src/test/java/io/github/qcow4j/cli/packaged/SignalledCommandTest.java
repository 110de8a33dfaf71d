package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import io.github.qcow4j.cli.packaged.SignalGround.Scene;
import io.github.qcow4j.cli.packaged.SignalGround.State;
import io.github.qcow4j.cli.packaged.TracedProgram.Point;
import io.github.qcow4j.cli.packaged.TracedProgram.Signal;
import io.github.qcow4j.cli.packaged.TracedProgram.Traced;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The packaged program, sent a real SIGTERM or SIGINT while it makes a call that changes a file, or
 * one that reads where it changes none. What is stopped so leaves nothing half: an image is as it
 * was or as it is when the command completes, a new one is complete or not there, and all can be
 * worked on at once: the same command then completes. A job past the point of no return completes,
 * and still ends with the signal's exit code.
 *
 * <p>A program that ends within the moment that a signal needs to come through it ends with 0, all
 * done: so its exit code says nothing of whether it listens. That is told where the signalled
 * thread is held until the others have heard: the signal decides the exit code then, at each call.
 *
 * <p>Each command is signalled and held at its first call, where what it makes has to be not there
 * yet; half of them also at one call that is drawn, {@code -Dqcow4j.seed} setting the seed. With
 * {@code -Dqcow4j.signals.every=true} it is more commands, and both signals at all calls of each,
 * at {@code -Dqcow4j.signals.most} (15) evenly spread ones of more; wherever the program ends with
 * 0 it is signalled again and held.
 */
final class SignalledCommandTest {

  private static final long SEED = Long.getLong("qcow4j.seed", 31L);
  private static final boolean EVERY = Boolean.getBoolean("qcow4j.signals.every");
  private static final int MOST = Integer.getInteger("qcow4j.signals.most", 15);

  /** Longer ones are for machines so busy that nobody has come to hear in the time before. */
  private static final List<Duration> HOLDS =
      List.of(Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(5));

  static final List<String> COMMANDS =
      Stream.of(SignalledCommands.USUAL, EVERY ? SignalledCommands.MORE : List.<String>of())
          .flatMap(List::stream)
          .toList();

  private static final AtomicLong SIGNALS = new AtomicLong();
  private static final AtomicLong RUNS = new AtomicLong();

  /** Runs that did not end before they knew. */
  private static final AtomicLong ENDED = new AtomicLong();

  @TempDir static Path root;

  private static SignalGround first;
  private static SignalGround ground;
  private static TracedProgram program;
  private static Map<String, State> images;

  @BeforeAll
  static void makeImages() throws Exception {
    PackagedFolder.require();
    program = new TracedProgram(Files.createDirectory(root.resolve("logs")));
    program.require();
    first = new SignalGround(root.resolve("first"), program);
    first.make();
    images = first.scene(List.of(), first, Map.of()).images();
    ground = new SignalGround(root.resolve("ground"), program);
  }

  @AfterAll
  static void print() {
    System.out.printf(
        "%d signals sent to %d runs of %d commands, %d ended by them, seed %d%n",
        SIGNALS.get(), RUNS.get(), COMMANDS.size(), ENDED.get(), SEED);
  }

  /**
   * A command.
   *
   * @param points its calls
   * @param said its lines on standard error when it is left alone
   * @param before what it finds
   * @param complete what it leaves when it is left alone
   */
  private record Case(
      List<String> words, List<Point> points, List<String> said, Scene before, Scene complete) {}

  @ParameterizedTest
  @FieldSource("COMMANDS")
  void whatIsSignalledLeavesNothingHalf(String command) throws Exception {
    Case each = undisturbed(command);
    assertThat(each.points()).isNotEmpty();
    int turn = COMMANDS.indexOf(command);
    Random random = new Random(SEED + turn);
    signalFirst(each, random.nextBoolean() ? Signal.TERM : Signal.INT);
    if (EVERY) {
      for (Point point : spread(each.points())) {
        for (Signal signal : Signal.values()) {
          signalUntilHeard(point, signal, each);
        }
      }
    } else if (random.nextBoolean()) {
      Point point = each.points().get(random.nextInt(each.points().size()));
      Traced _ = signalAt(point, turn % 2 == 0 ? Signal.TERM : Signal.INT, each);
    }
  }

  /** It was ended amid the steps that give clusters back, as no job of it could be stopped. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aShrinkThatIsSignalledLeaksNothing(int nth) throws Exception {
    Case shrink = undisturbed(SignalledCommands.SHRINK);
    Point point = new Point("fdatasync", nth);
    assertThat(shrink.points()).contains(point);

    Traced _ = signalAt(point, Signal.INT, shrink);
  }

  private static List<Point> spread(List<Point> points) {
    int count = Math.min(MOST, points.size());
    List<Point> spread = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      spread.add(points.get((int) ((long) i * points.size() / count)));
    }
    return spread;
  }

  private static Case undisturbed(String command) throws Exception {
    List<String> words = List.of(command.split(" ", -1));
    ground.copyFrom(first);
    Traced complete = program.undisturbed(ground.directory(), words);
    assertThat(complete.outcome().exitCode()).as("%s", complete).isZero();
    return new Case(
        words,
        complete.points(),
        complete.outcome().error().lines().toList(),
        first.scene(words, first, images),
        ground.scene(words, first, images));
  }

  /** Fails where the program goes on as if nothing had been, in whole or in part. */
  private static void signalFirst(Case each, Signal signal) throws Exception {
    Point point = each.points().getFirst();
    List<String> names = each.before().names();
    SignalHome.State home = each.before().home();
    signalAndHold(point, signal, each, now -> now.names().equals(names) && now.home().equals(home));
  }

  private static void signalUntilHeard(Point point, Signal signal, Case each) throws Exception {
    Traced run = signalAt(point, signal, each);
    if (run.signals() > 0 && run.outcome().exitCode() == 0) {
      signalAndHold(point, signal, each, now -> true);
    }
  }

  private static void signalAndHold(
      Point point, Signal signal, Case each, Predicate<Scene> expected) throws Exception {
    Traced run = null;
    for (Duration held : HOLDS) {
      ground.copyFrom(first);
      run = program.signalledAndHeld(ground.directory(), point, signal, held, each.words());
      Scene now = left(run, point, signal, each);
      if (run.outcome().exitCode() == signal.exitCode() && expected.test(now)) {
        return;
      }
      if (run.signals() == 0 && !point.equals(each.points().getFirst())) {
        // Threads share the work: this time none made that call so often.
        return;
      }
    }
    throw failure("it did not listen", null, point, signal, each, run);
  }

  private static Traced signalAt(Point point, Signal signal, Case each) throws Exception {
    ground.copyFrom(first);
    Traced run = program.signalled(ground.directory(), point, signal, each.words());
    Scene _ = left(run, point, signal, each);
    return run;
  }

  /** What a run has left, which is nothing half. */
  private static Scene left(Traced run, Point point, Signal signal, Case each) throws Exception {
    SIGNALS.addAndGet(run.signals());
    RUNS.incrementAndGet();
    if (run.outcome().exitCode() == signal.exitCode()) {
      ENDED.incrementAndGet();
    }
    try {
      requireProperEnd(run, signal, each);
      Scene now = ground.scene(each.words(), first, images);
      requireNothingHalf(now, run.outcome().exitCode() == 0, each);
      requireUsable(now, each);
      return now;
    } catch (AssertionError e) {
      throw failure(String.valueOf(e.getMessage()), e, point, signal, each, run);
    }
  }

  private static AssertionError failure(
      String what,
      @Nullable AssertionError cause,
      Point point,
      Signal signal,
      Case each,
      Traced run) {
    return new AssertionError(
        "%s, %s at %s, seed %d: %s%n%s"
            .formatted(String.join(" ", each.words()), signal, point, SEED, what, run),
        cause);
  }

  private static void requireProperEnd(Traced run, Signal signal, Case each) {
    Outcome outcome = run.outcome();
    assertThat(outcome.exitCode()).isIn(0, run.signals() == 0 ? 0 : signal.exitCode());
    assertThat(outcome.error()).doesNotContain("internal error", "Exception");
    assertThat(outcome.error().lines())
        .filteredOn(line -> !each.said().contains(line))
        .hasSizeLessThanOrEqualTo(1);
  }

  private static void requireNothingHalf(Scene now, boolean completed, Case each) throws Exception {
    if (completed) {
      assertThat(now).isEqualTo(each.complete());
    }
    assertThat(now.names()).isIn(each.before().names(), each.complete().names());
    requireHome(now.home(), each);
    for (String name : now.images().keySet()) {
      requireWhole(name, now.images().get(name), completed, each);
    }
  }

  private static void requireHome(SignalHome.State now, Case each) {
    SignalHome.State before = each.before().home();
    SignalHome.State complete = each.complete().home();
    if (SignalledCommands.goesInSteps(each.words())) {
      assertThat(now.told()).isIn(before.told(), complete.told());
      assertThat(now.disks()).isIn(before.disks(), complete.disks());
    } else {
      assertThat(now).isIn(before, complete);
    }
  }

  /** What is not done yet can be done at once, and what was made is of use. */
  private static void requireUsable(Scene now, Case each) throws Exception {
    if (!now.equals(each.complete()) || each.complete().equals(each.before())) {
      requireRun(each.words());
      assertThat(ground.scene(each.words(), first, images)).isEqualTo(each.complete());
    }
    for (String name : SignalledCommands.USES.keySet()) {
      if (now.names().contains(name)) {
        requireRun(SignalledCommands.USES.get(name));
      }
    }
  }

  private static void requireRun(List<String> words) throws Exception {
    Outcome outcome = ground.run(words);
    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
  }

  private static void requireWhole(String name, State now, boolean completed, Case each)
      throws Exception {
    boolean named = each.words().contains(name);
    if (named) {
      ground.requireWritable(name);
    }
    if (!named && ground.unchanged(name, first)) {
      return;
    }
    ground.requireClean(name, !(completed && named) && name.equals(SignalGround.LEAKING));
    if (!SignalledCommands.changesInPlace(each.words(), name)) {
      State complete = each.complete().images().get(name);
      assertThat(now).as(name).isIn(each.before().images().getOrDefault(name, complete), complete);
    }
  }
}
