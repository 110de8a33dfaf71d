package io.github.qcow4j.nativeio.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Exchange;
import io.github.qcow4j.nativeio.Fork;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.SwitchMethod;
import io.github.qcow4j.nativeio.SwitchState;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.VolumeCalls;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Forks and exchanges that lose power at every moment, all states enumerated, and each one rolled
 * forward and back, where the power goes again at every moment; and with every call failing.
 */
final class SwitchCrashTest {

  private static final Path LIVE = Path.of("/box/live");
  private static final Path CHILD = Path.of("/box/child");

  /** More than two to the number of changes pending at any moment here. */
  private static final int ALL = 1 << 16;

  private static final StateCensus CENSUS = new StateCensus();
  private static long faults;

  @AfterAll
  static void print() {
    System.out.println("distinct crash states of forks and exchanges, all: " + CENSUS.states());
    System.out.println("faults in forks and exchanges: " + faults);
    assertThat(CENSUS.states()).isGreaterThan(10);
    assertThat(faults).isGreaterThan(100);
  }

  /**
   * One way of switching.
   *
   * @param exchange whether by exchange, or by fork
   * @param twoDirectories whether the old file goes to another directory
   * @param unnamed whether files without a name can be had
   * @param linksRefused whether files can have no further names
   * @param steps how renames reach the disk
   */
  record Case(
      boolean exchange,
      boolean twoDirectories,
      boolean unnamed,
      boolean linksRefused,
      RenameSteps steps) {

    SimulatedVolume disk() {
      SimulatedVolume.Options options = SimulatedVolume.Options.standard();
      options = unnamed ? options : options.without(Capability.UNNAMED_FILES);
      // Then an exchange has to go the ways of a fork.
      return SimulatedVolume.create(
          exchange && linksRefused ? options.without(Capability.RENAME_FLAGS) : options);
    }

    Volume seen(SimulatedVolume volume) {
      return linksRefused ? VolumeCalls.withoutLinks(volume) : volume;
    }

    Path frozen() {
      return Path.of(twoDirectories ? "/layers/frozen" : "/box/frozen");
    }

    SwitchMethod expected() {
      return linksRefused
          ? SwitchMethod.TWO_RENAMES
          : exchange ? SwitchMethod.EXCHANGE : SwitchMethod.LINK;
    }

    SwitchMethod run(Volume volume) throws IOException {
      if (exchange) {
        Exchange switching = new Exchange(volume, LIVE, frozen(), CHILD);
        try (BlockFile file = switching.createFresh()) {
          volume = fill(volume, file);
          return switching.run(file);
        }
      }
      Fork switching = new Fork(volume, LIVE, frozen(), CHILD);
      try (BlockFile file = switching.createChild()) {
        volume = fill(volume, file);
        return switching.run(file);
      }
    }

    private static Volume fill(Volume volume, BlockFile file) throws IOException {
      Bytes.write(file, "new".getBytes(UTF_8), 0);
      return volume;
    }

    SwitchState state(Volume volume, long fresh) throws IOException {
      return exchange
          ? new Exchange(volume, LIVE, frozen(), CHILD).state(fresh)
          : new Fork(volume, LIVE, frozen(), CHILD).state();
    }

    void recover(Volume volume, long fresh, boolean forward) throws IOException {
      Exchange asExchange = new Exchange(volume, LIVE, frozen(), CHILD);
      Fork asFork = new Fork(volume, LIVE, frozen(), CHILD);
      if (exchange && forward) {
        asExchange.rollForward(fresh);
      } else if (exchange) {
        asExchange.rollBack(fresh);
      } else if (forward) {
        asFork.rollForward();
      } else {
        asFork.rollBack();
      }
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (RenameSteps steps : RenameSteps.values()) {
      for (int bits = 0; bits < 16; bits++) {
        boolean linksRefused = (bits & 8) > 0;
        // Then nothing keeps the old file: it is what the way of two renames is said not to
        // promise.
        if (!linksRefused || steps != RenameSteps.ANY_ORDER) {
          boolean unnamed = (bits & 4) > 0;
          cases.add(new Case((bits & 1) > 0, (bits & 2) > 0, unnamed, linksRefused, steps));
        }
      }
    }
    return cases;
  }

  private static SimulatedVolume prepared(Case each) throws IOException {
    SimulatedVolume volume = each.disk();
    volume.createDirectory(Path.of("/box"));
    volume.createDirectory(Path.of("/layers"));
    try (BlockFile file = volume.open(LIVE, OpenOptions.creatingNew())) {
      Bytes.write(file, "old".getBytes(UTF_8), 0);
    }
    volume.settle();
    return volume;
  }

  /** What stands there, or null. */
  private static String content(Volume volume, Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      return new String(Bytes.read(file, 0, (int) file.size()), UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** The inode that the new file of {@link Case#run} gets: numbers are given in order. */
  private static long freshInode(Case each) throws IOException {
    SimulatedVolume volume = prepared(each);
    each.run(each.seen(volume));
    return volume.status(LIVE).identity().inode();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aPowerCutLeavesTheOldFileOrTheNewOneAndBothWaysOutAreOpen(Case each) throws IOException {
    long fresh = freshInode(each);
    Set<SwitchState> seen = EnumSet.noneOf(SwitchState.class);
    for (boolean forward : new boolean[] {true, false}) {
      SimulatedVolume volume = prepared(each);
      assertThat(each.run(each.seen(volume))).isEqualTo(each.expected());
      volume.mark("returned");
      volume.assertNothingOpen();
      CrashReport report =
          CrashExplorer.of(volume)
              .renames(each.steps())
              .limitPerPoint(ALL)
              .threads(1)
              .census(CENSUS)
              .recordingStates()
              .explore(state -> {
                seen.add(checkLeft(each, state, fresh));
                recoverWithPowerCuts(each, state.volume(), fresh, forward);
              });
      assertThat(report.exhaustivePoints()).isEqualTo(report.points());
    }
    assertThat(seen).contains(SwitchState.UNCHANGED, SwitchState.DONE);
    assertThat(seen.contains(SwitchState.BETWEEN)).isEqualTo(each.linksRefused());
    boolean linked =
        each.linksRefused() ? each.steps() == RenameSteps.NEW_NAME_FIRST : !each.exchange();
    assertThat(seen.contains(SwitchState.LINKED)).isEqualTo(linked);
    assertThat(seen.contains(SwitchState.EXCHANGED))
        .isEqualTo(!each.linksRefused() && each.exchange());
  }

  private static SwitchState checkLeft(Case each, CrashState crash, long fresh) throws IOException {
    SimulatedVolume volume = crash.volume();
    SwitchState state = each.state(volume, fresh);
    String live = content(volume, LIVE);
    String frozen = content(volume, each.frozen());
    switch (state) {
      case UNCHANGED -> assertThat(List.of(live)).isEqualTo(List.of("old"));
      case LINKED -> assertThat(List.of(live, frozen)).isEqualTo(List.of("old", "old"));
      case BETWEEN -> {
        assertThat(each.expected().neverMissing()).isFalse();
        assertThat(frozen).isEqualTo("old");
        assertThat(live).isNull();
      }
      case EXCHANGED -> {
        assertThat(live).isEqualTo("new");
        assertThat(content(volume, CHILD)).isEqualTo("old");
      }
      case DONE -> assertThat(List.of(live, frozen)).isEqualTo(List.of("new", "old"));
      default -> throw new AssertionError(state);
    }
    if (crash.marks().contains("returned")) {
      assertThat(state).isEqualTo(SwitchState.DONE);
    }
    return state;
  }

  /** Recovers; and the same with the power going at every moment of it, and recovering again. */
  private static void recoverWithPowerCuts(
      Case each, SimulatedVolume volume, long fresh, boolean forward) throws IOException {
    boolean reached = recover(each, volume, fresh, forward);
    volume.mark("recovered");
    CrashExplorer.of(volume)
        .renames(each.steps())
        .limitPerPoint(ALL)
        .threads(1)
        .census(CENSUS)
        .explore(state -> {
          checkLeftOf(each, state, fresh, reached == forward);
          recover(each, state.volume(), fresh, forward);
        });
  }

  private static void checkLeftOf(Case each, CrashState crash, long fresh, boolean toNew)
      throws IOException {
    SwitchState state = each.state(crash.volume(), fresh);
    assertThat(state).isNotEqualTo(SwitchState.UNEXPLAINED);
    if (crash.marks().contains("recovered")) {
      assertThat(content(crash.volume(), LIVE)).isEqualTo(toNew ? "new" : "old");
    }
  }

  /** Whether it went as wanted: a child that was lost leaves only the way back. */
  private static boolean recover(Case each, SimulatedVolume volume, long fresh, boolean wanted)
      throws IOException {
    Volume seen = each.seen(volume);
    // What was not written whole cannot go live; who called knows by where its journal stands.
    boolean forward = wanted && !halfWritten(each, volume, fresh);
    boolean went = forward == wanted;
    try {
      each.recover(seen, fresh, forward);
    } catch (NoSuchFileException e) {
      assertThat(forward).isTrue();
      assertThat(e.getFile()).isEqualTo(CHILD.toString());
      each.recover(seen, fresh, false);
      went = false;
    }
    boolean toNew = forward && went;
    assertThat(content(volume, LIVE)).isEqualTo(toNew ? "new" : "old");
    assertThat(content(volume, each.frozen())).isEqualTo(toNew ? "old" : null);
    assertThat(content(volume, CHILD)).isNull();
    return went;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aFailureAtAnyCallLeavesAWayForwardAndAWayBack(Case each) throws IOException {
    long fresh = freshInode(each);
    for (boolean forward : new boolean[] {true, false}) {
      for (boolean gone : new boolean[] {false, true}) {
        long nth = 1;
        while (failCall(each, nth, fresh, gone, forward)) {
          nth++;
          faults++;
        }
      }
    }
  }

  /** Whether there was such a call to fail. */
  private static boolean failCall(Case each, long nth, long fresh, boolean gone, boolean forward)
      throws IOException {
    SimulatedVolume volume = prepared(each);
    if (gone) {
      volume.faults().failFrom(nth, Errno.EIO);
    } else {
      volume.faults().failCall(nth, Errno.EIO);
    }
    boolean failed = false;
    try {
      each.run(each.seen(volume));
    } catch (IOException e) {
      failed = true;
    }
    boolean happened = volume.faults().happened();
    volume.faults().none();
    assertThat(failed).as("call %d", nth).isEqualTo(happened);
    volume.assertNothingOpen();
    SwitchState state = each.state(volume, fresh);
    if (failed && !gone) {
      // Undone, or only the last sync is missing.
      assertThat(state).isIn(SwitchState.UNCHANGED, SwitchState.DONE);
    }
    SimulatedVolume left = volume;
    CrashExplorer.of(volume)
        .renames(each.steps())
        .limitPerPoint(ALL)
        .threads(1)
        .census(CENSUS)
        .explore(crash -> {
          checkLeft(each, crash, fresh);
          recover(each, crash.volume(), fresh, forward);
        });
    recover(each, left, fresh, forward);
    return happened;
  }

  private static boolean halfWritten(Case each, SimulatedVolume volume, long fresh)
      throws IOException {
    String child = content(volume, CHILD);
    return each.state(volume, fresh) == SwitchState.UNCHANGED
        && child != null
        && !child.equals("new");
  }
}
