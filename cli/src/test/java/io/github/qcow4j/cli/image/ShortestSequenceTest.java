package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Differences that are planted: what a differential run leaves of a sequence is what shows them,
 * and runs.
 */
final class ShortestSequenceTest {

  private static final long SEED = 7;
  private static final String MAKING = "snapshot -c planted top.qcow2";
  private static final String SHOWING = "snapshot -a planted top.qcow2";

  @TempDir private Path directory;

  /** Where the last script ran. */
  private Path work = Path.of("");

  /** A random sequence with these jobs among its own, one after each. */
  private static TwinSequence planted(String... jobs) {
    TwinSequence random = TwinSequence.of(SEED);
    List<String> all = new ArrayList<>(random.jobs());
    for (int i = 0; i < jobs.length; i++) {
      all.add(1 + 2 * i, jobs[i]);
    }
    assertThat(all).hasSizeGreaterThan(2 * jobs.length);
    return new TwinSequence(random.setup(), all);
  }

  /** What the images are made by goes too, as far as the rest of the script runs without it. */
  @Test
  void theScriptHoldsWhatTheDifferenceNeedsAndRuns() throws Exception {
    TwinSequence whole =
        new TwinSequence(
            List.of(
                "qemu-img create -q -f qcow2 -o cluster_size=4096 base.qcow2 65536",
                "qemu-io -f qcow2 -c 'write -P 7 0 4096' base.qcow2",
                "qemu-img create -q -f qcow2 -o cluster_size=512,extended_l2=off,refcount_bits=8"
                    + " -b base.qcow2 -F qcow2 top.qcow2 65536",
                "qemu-io -f qcow2 -c 'write -P 7 0 512' top.qcow2",
                "qemu-img snapshot -c other top.qcow2",
                "qemu-img bitmap --add top.qcow2 kept"),
            List.of("info top.qcow2", MAKING, "resize base.qcow2 512", "map top.qcow2"));

    ShortestSequence shortest = ShortestSequence.of(whole, "at first", this::showsSnapshot);

    assertThat(shortest.sequence())
        .isEqualTo(
            new TwinSequence(
                List.of(
                    "qemu-img create -q -f qcow2 -o refcount_bits=8 top.qcow2 65536",
                    "qemu-img bitmap --add top.qcow2 kept"),
                List.of(MAKING)));
    assertThat(shortest.difference()).isEqualTo("differs");
    String told = shortest.report(directory.resolve("scripts"), SEED);
    Path script = directory.resolve("scripts").resolve(SEED + ".sh");
    assertThat(told)
        .startsWith("-Dqcow4j.seed=7, " + script + ":\n")
        .contains(Files.readString(script))
        .endsWith("differs");
    assertThat(run(script)).isEqualTo("exit 0\n");
  }

  /** Runs its script: it differs while a snapshot is made of an image like that. */
  private @Nullable String showsSnapshot(TwinSequence sequence) throws IOException {
    Path script = Files.writeString(directory.resolve("tried.sh"), sequence.script());
    String said = run(script);
    Path top = work.resolve("top.qcow2");
    if (!Files.exists(top)) {
      throw new SetupFailedException(said);
    }
    String info = QemuTools.require().infoJson(top);
    return Stream.of("\"planted\"", "\"kept\"", "\"refcount-bits\": 8").allMatch(info::contains)
        ? "differs"
        : null;
  }

  @Test
  void whatMakesAJobDifferStaysWithIt() throws IOException {
    TwinSequence whole = planted(MAKING, SHOWING);
    List<String> both = List.of(MAKING, SHOWING);

    ShortestSequence shortest =
        ShortestSequence.of(
            whole,
            "at first",
            each -> each.jobs().containsAll(both) ? each.jobs().size() + " jobs" : null);

    assertThat(shortest.sequence()).isEqualTo(new TwinSequence(List.of(), both));
    assertThat(shortest.difference()).isEqualTo("2 jobs");
  }

  /** The one hides what the other shows again: the other can go when the one is gone. */
  @Test
  void whatWasNeededAtFirstGoesInTheEnd() throws IOException {
    ShortestSequence shortest =
        ShortestSequence.of(
            new TwinSequence(List.of("hiding", "needed"), List.of("showing again", "other")),
            "at first",
            each -> {
              List<String> setup = each.setup();
              boolean hidden = setup.contains("hiding") && !each.jobs().contains("showing again");
              return setup.contains("needed") && !hidden ? "differs" : null;
            });
    assertThat(shortest.sequence()).isEqualTo(new TwinSequence(List.of("needed"), List.of()));
  }

  @Test
  void whereEveryJobIsNeededAllStay() throws IOException {
    TwinSequence whole = planted(MAKING);
    ShortestSequence shortest = ShortestSequence.of(whole, "at first", each -> null);
    assertThat(shortest).isEqualTo(new ShortestSequence(whole, "at first"));
  }

  /** What it says, run by a shell in an empty directory. */
  private String run(Path script) throws IOException {
    work = Files.createTempDirectory(directory, "work");
    QemuTools qemu = QemuTools.require();
    Path sh = QemuTools.requireProgram("sh");
    ProcessBuilder builder =
        new ProcessBuilder(sh.toString(), script.toString(), qemu.qemuImg().toString())
            .directory(work.toFile())
            .redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
