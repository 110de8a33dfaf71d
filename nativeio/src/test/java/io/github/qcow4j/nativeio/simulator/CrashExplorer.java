package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.simulator.Event.Data;
import io.github.qcow4j.nativeio.simulator.Event.Names;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the states that a power cut could leave of a workload that ran on a {@link
 * SimulatedVolume}, and has each one checked.
 *
 * <p>At every moment before a sync, and at the end, any subset of the changes that are not durable
 * yet may have reached the disk, in any order, each whole or torn between sectors; a sector that
 * was written twice has either version, and the newer one has in it what the older wrote. A change
 * of names happens as a whole, unless {@link #renames} says otherwise, and is lost or kept by
 * itself until a directory it touches is synced. What a failed sync covered may be lost for ever,
 * whatever later syncs say.
 *
 * <p>All subsets are tried where there are no more than the limit, else a sample from the seed. The
 * same seed gives the same states under the same ids; a failure names both.
 */
public final class CrashExplorer {

  private final SimulatedVolume volume;
  private long seed;
  private int sectorBytes = 512;
  private int limitPerPoint = 256;
  private boolean namesInOrder;
  private RenameSteps renameSteps = RenameSteps.ONE;
  private boolean recording;
  private int threads = Runtime.getRuntime().availableProcessors();
  private @Nullable String only;
  private int firstEvent;

  private StateCensus census = new StateCensus();
  private final Set<Long> seenWithMarks = new HashSet<>();
  private long states;
  private long distinctStates;
  private long checks;

  /** Checks one state; whatever it throws ends the exploration. */
  @FunctionalInterface
  public interface Check {
    void check(CrashState state) throws Exception;
  }

  private CrashExplorer(SimulatedVolume volume) {
    this.volume = volume;
  }

  /**
   * Explores what happened on the volume since it was made or settled. Its workload must be over.
   */
  public static CrashExplorer of(SimulatedVolume volume) {
    return new CrashExplorer(volume);
  }

  /** Where samples come from; 0 unless told. */
  public CrashExplorer seed(long newSeed) {
    seed = newSeed;
    return this;
  }

  /** What a disk writes as a whole: 512 (unless told) or 4096 bytes. */
  public CrashExplorer sectorBytes(int bytes) {
    sectorBytes = bytes;
    return this;
  }

  /** How many subsets to try at one moment; 256 unless told. Torn ones may come on top. */
  public CrashExplorer limitPerPoint(int limit) {
    limitPerPoint = limit;
    return this;
  }

  /**
   * Loses changes of names only from the newest back, as file systems with a journal do. Unless
   * told, any may be lost, as POSIX allows.
   */
  public CrashExplorer namesInOrder() {
    namesInOrder = true;
    return this;
  }

  /**
   * In how many steps renames reach the disk; in one unless told, as on the file systems of today.
   */
  public CrashExplorer renames(RenameSteps steps) {
    renameSteps = steps;
    return this;
  }

  /** Makes the states' volumes remember what is durable, so that recovery can lose power too. */
  public CrashExplorer recordingStates() {
    recording = true;
    return this;
  }

  /** How many states to check at once; one per processor unless told. */
  public CrashExplorer threads(int count) {
    threads = count;
    return this;
  }

  /** Counts a state as distinct only when no other exploration with this census had it. */
  public CrashExplorer census(StateCensus shared) {
    census = shared;
    return this;
  }

  /** Checks only the state of this id: replays a failure. */
  public CrashExplorer only(String id) {
    only = id;
    return this;
  }

  /**
   * Lets the power go only at or after the moment when so many events had been: {@link
   * SimulatedVolume#events()}.
   */
  public CrashExplorer from(int event) {
    firstEvent = event;
    return this;
  }

  /** Goes through all states. */
  public CrashReport explore(Check check) {
    History history = volume.history();
    Replay replay = new Replay(history, renameSteps);
    int points = 0;
    int exhaustive = 0;
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      boolean changed = true;
      for (int at = 0; at <= history.events.size(); at++) {
        boolean end = at == history.events.size();
        if (changed && at >= firstEvent && (end || Replay.isBarrier(history.events.get(at)))) {
          points++;
          exhaustive += explorePoint(at, replay, check, executor) ? 1 : 0;
          changed = false;
        }
        if (!end) {
          replay.pass(history.events.get(at));
          changed = true;
        }
      }
    }
    return new CrashReport(points, exhaustive, states, distinctStates, checks);
  }

  private boolean explorePoint(int point, Replay replay, Check check, ExecutorService executor) {
    List<Event> pending = replay.pending();
    List<Object> marks = replay.marks();
    Choices choices =
        new Choices(pending, sectorBytes, limitPerPoint, Page.mix(seed ^ Page.mix(point)));
    List<Choice> all = choices.all();
    List<Made> made =
        inParallel(executor, all.size(), number -> make(number, pending, all.get(number), replay));
    // In order, so that of equal states the same one is checked in every run.
    List<Made> fresh = new ArrayList<>();
    for (Made each : made) {
      String id = point + ":" + each.number();
      Replay.Tree tree = each.tree();
      if (tree != null && (only == null || only.equals(id))) {
        states++;
        distinctStates += census.add(tree.hash) ? 1 : 0;
        if (seenWithMarks.add(Page.mix(tree.hash + marks.size()))) {
          fresh.add(each);
        }
      }
    }
    checks += fresh.size();
    inParallel(
        executor,
        fresh.size(),
        at -> {
          Made each = fresh.get(at);
          check(point + ":" + each.number(), pending, each, marks, check);
          return each;
        });
    return choices.exhaustive();
  }

  /** A choice and the tree that it leaves, if it is possible. */
  private record Made(int number, Choice choice, Replay.@Nullable Tree tree) {}

  private Made make(int number, List<Event> pending, Choice choice, Replay replay) {
    boolean impossible =
        (namesInOrder && losesOlderNames(pending, choice)) || losesWhatIsFirst(pending, choice);
    return new Made(
        number, choice, impossible ? null : replay.treeAfter(pending, choice, sectorBytes));
  }

  private void check(String id, List<Event> pending, Made made, List<Object> marks, Check check) {
    Replay.Tree tree = Objects.requireNonNull(made.tree());
    SimulatedVolume left =
        SimulatedVolume.of(
            volume.options().withRecording(recording), tree.root, volume.nextInode(), tree.pages);
    CrashState state = new CrashState(id, left, marks, () -> describe(pending, made.choice()));
    try {
      check.check(state);
      left.assertNothingOpen();
    } catch (Exception | AssertionError e) {
      String summary = "crash state " + id + " of seed " + seed + " fails the check: ";
      throw new AssertionError(summary + e.getMessage() + "\n" + state.description(), e);
    }
  }

  private <T> List<T> inParallel(ExecutorService executor, int count, IntFunction<T> task) {
    List<Callable<List<T>>> parts = new ArrayList<>();
    int step = Math.max(1, (count + 4 * threads - 1) / (4 * threads));
    for (int first = 0; first < count; first += step) {
      int from = first;
      int to = Math.min(count, first + step);
      parts.add(() -> IntStream.range(from, to).mapToObj(task).toList());
    }
    try {
      List<T> results = new ArrayList<>(count);
      for (Future<List<T>> part : executor.invokeAll(parts)) {
        results.addAll(part.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new AssertionError(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static boolean losesOlderNames(List<Event> pending, Choice choice) {
    boolean lost = false;
    for (int at = 0; at < pending.size(); at++) {
      if (pending.get(at) instanceof Names) {
        if (lost && choice.kept.get(at)) {
          return true;
        }
        lost |= !choice.kept.get(at);
      }
    }
    return false;
  }

  /** Whether a change of names is kept without the one that reaches the disk before it. */
  private static boolean losesWhatIsFirst(List<Event> pending, Choice choice) {
    Set<Names> lost = Collections.newSetFromMap(new IdentityHashMap<>());
    for (int at = 0; at < pending.size(); at++) {
      if (pending.get(at) instanceof Names names) {
        if (!choice.kept.get(at)) {
          lost.add(names);
        } else if (names.after() != null && lost.contains(names.after())) {
          return true;
        }
      }
    }
    return false;
  }

  private String describe(List<Event> pending, Choice choice) {
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < pending.size(); at++) {
      String fate = choice.kept.get(at) ? "kept" : choice.torn.containsKey(at) ? "torn" : "lost";
      text.append(fate).append(": ");
      switch (pending.get(at)) {
        case Data data ->
            text.append("inode ").append(data.inode()).append(' ').append(data.change());
        default -> text.append(pending.get(at));
      }
      text.append(sectorsOf(pending.get(at), choice, at)).append('\n');
    }
    return text.toString();
  }

  private String sectorsOf(Event event, Choice choice, int at) {
    var written = choice.torn.get(at);
    if (written == null || !(event instanceof Data data)) {
      return "";
    }
    int sectors = data.change().sectors(sectorBytes);
    StringBuilder text = new StringBuilder(" sectors ");
    for (int sector = 0; sector < sectors; sector++) {
      text.append(written.test(sector) ? '#' : '.');
    }
    return text.toString();
  }
}
