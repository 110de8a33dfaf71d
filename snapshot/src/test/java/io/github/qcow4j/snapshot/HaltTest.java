package io.github.qcow4j.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.model.CollectRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is halted at each step of each operation, a second one at a step of the recovery: each
 * box and snapshot has its old or its new content, whatever the third finds; nothing is left over
 * after a collection, and a fourth finds the same.
 */
class HaltTest {

  private static final Volume VOLUME = Volumes.host();
  private static final int MOST_STEPS = Integer.getInteger("qcow4j.halt.steps", 200);

  /** Nothing is halted that far: what comes of each operation is seen. */
  private static final int NEVER = Integer.MAX_VALUE - 1;

  /** Of so many steps, each of all operations is halted in one process: starting one is slow. */
  private static final int BATCH = 6;

  @TempDir(factory = MemoryFolder.class)
  Path root;

  private final Map<HaltedWork, Map<String, String>> after = new EnumMap<>(HaltedWork.class);
  private final Map<HaltedWork, Set<String>> steps = new EnumMap<>(HaltedWork.class);
  private Map<String, String> before;
  private int halts;

  @Test
  void whereverAProcessIsHaltedWhatItLeavesIsTheOldOrTheNewState() throws Exception {
    Path template = Files.createDirectory(root.resolve("template"));
    HaltedWork.prepare(template);
    try (BoxHome home = BoxHome.open(HaltedWork.CREATE.options(template))) {
      before = Observation.of(home, VOLUME).disks();
    }
    Set<HaltedWork> going = EnumSet.allOf(HaltedWork.class);
    assertThat(batch(template, NEVER, NEVER, going)).isEmpty();
    int step = 1;
    while (!going.isEmpty() && step <= MOST_STEPS) {
      going = batch(template, step, step + BATCH - 1, going);
      step += BATCH;
    }
    System.out.println("halted " + halts + " times: " + steps);
    assertThat(going).as("not over after so many steps").isEmpty();
    for (HaltedWork work : HaltedWork.values()) {
      assertThat(steps.containsKey(work)).as("steps of %s", work).isEqualTo(work.hasSteps());
    }
    Set<String> all = new TreeSet<>();
    steps.values().forEach(all::addAll);
    for (Step each : Step.values()) {
      assertThat(all).contains(each.name());
    }
  }

  /** A process for all these operations and steps; returns what was halted at the last of them. */
  private Set<HaltedWork> batch(Path template, int first, int last, Set<HaltedWork> works)
      throws Exception {
    Path directory = Files.createDirectory(root.resolve("batch" + first));
    for (HaltedWork work : works) {
      for (int step = first; step <= last; step++) {
        HaltedHome.copy(template, directory.resolve(new HaltedHome(work, step).name()));
      }
    }
    Map<String, String> where = run("work", directory);
    if (first != NEVER) {
      // Recovery is halted too, at another of its steps each time.
      run("recover", directory);
    }
    Set<HaltedWork> halted = EnumSet.noneOf(HaltedWork.class);
    for (HaltedWork work : works) {
      for (int step = first; step <= last; step++) {
        HaltedHome each = new HaltedHome(work, step);
        if (check(each, directory, where.get(each.name())) && step == last) {
          halted.add(work);
        }
      }
    }
    LoopFileSystem.delete(directory);
    return halted;
  }

  private static Map<String, String> run(String mode, Path directory) throws Exception {
    Process process =
        JavaProcess.builder(
                List.of(
                    "--enable-native-access=ALL-UNNAMED",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Xmx256m"),
                HaltingProcess.class,
                mode,
                directory.toString())
            .start();
    Map<String, String> where = new LinkedHashMap<>();
    new String(process.getInputStream().readAllBytes(), UTF_8)
        .lines()
        .forEach(line -> where.put(line.split(" ", 2)[0], line.split(" ", 2)[1]));
    assertThat(process.waitFor()).isEqualTo(HaltingProcess.EXIT_CODE);
    return where;
  }

  /** Whether it was halted, and not over before. */
  private boolean check(HaltedHome halted, Path directory, @Nullable String reached)
      throws Exception {
    String what = halted.name() + ", at " + reached;
    assertThat(reached).as(what).isNotNull().doesNotStartWith("failed");
    HaltedWork work = halted.work();
    Map<String, String> shown = check(work, directory.resolve(halted.name()), what);
    if (halted.step() == NEVER) {
      after.put(work, shown);
    }
    if (HaltingProcess.OVER.equals(reached)) {
      assertThat(shown).as(what).isEqualTo(after.get(work));
      return false;
    }
    halts++;
    steps.computeIfAbsent(work, _ -> new TreeSet<>()).add(reached);
    work.requireOldOrNew(before, after.get(work), shown, what);
    return true;
  }

  private static Map<String, String> check(HaltedWork work, Path directory, String what)
      throws Exception {
    Map<String, String> shown;
    try (BoxHome home = BoxHome.open(work.options(directory))) {
      shown = Observation.of(home, VOLUME).disks();
      home.collect(CollectRequest.ofGarbage(false), new JobControl());
      assertThat(Observation.of(home, VOLUME).disks()).as(what).isEqualTo(shown);
      Observation.requireAgreement(home, VOLUME);
      requireWhole(home, directory);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(what + ": " + e.getMessage(), e);
    }
    try (BoxHome again = BoxHome.open(work.options(directory))) {
      assertThat(Observation.of(again, VOLUME).disks()).as(what + ", again").isEqualTo(shown);
    }
    return shown;
  }

  /** What has the name of an export is one. */
  private static void requireWhole(BoxHome home, Path directory) throws IOException {
    Path exported = directory.resolve(HaltedWork.EXPORTED);
    if (Files.exists(exported)) {
      home.importArchive(
          new ArchiveSource.FromFile(VOLUME, exported),
          "imported",
          IntakeLimits.DEFAULT,
          new JobControl());
      home.remove("imported", false);
    }
  }
}
