package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  @Test
  void theScriptHoldsTheOneJobThatDiffersAndRuns() throws Exception {
    ShortestSequence shortest =
        ShortestSequence.of(
            planted(MAKING), "at first", each -> each.jobs().contains(MAKING) ? "differs" : null);

    assertThat(shortest.sequence().jobs()).containsExactly(MAKING);
    assertThat(shortest.difference()).isEqualTo("differs");
    String told = shortest.report(directory.resolve("scripts"), SEED);
    Path script = directory.resolve("scripts").resolve(SEED + ".sh");
    assertThat(told)
        .startsWith("-Dqcow4j.seed=7, " + script + ":\n")
        .contains(Files.readString(script))
        .endsWith("differs");
    assertThat(run(script)).endsWith("exit 0\n").containsOnlyOnce("exit ");
    assertThat(directory.resolve("work/top.qcow2")).exists();
    assertThat(QemuTools.require().infoJson(directory.resolve("work/top.qcow2")))
        .contains("\"planted\"");
  }

  @Test
  void whatMakesAJobDifferStaysWithIt() throws IOException {
    TwinSequence whole = planted(MAKING, SHOWING);
    List<String> both = List.of(MAKING, SHOWING);
    List<TwinSequence> compared = new ArrayList<>();

    ShortestSequence shortest =
        ShortestSequence.of(
            whole,
            "at first",
            each -> {
              compared.add(each);
              return each.jobs().containsAll(both) ? each.jobs().size() + " jobs" : null;
            });

    assertThat(shortest.sequence().jobs()).containsExactlyElementsOf(both);
    assertThat(shortest.difference()).isEqualTo("2 jobs");
    assertThat(compared).hasSize(whole.jobs().size());
  }

  @Test
  void whereEveryJobIsNeededAllStay() throws IOException {
    TwinSequence whole = planted(MAKING);
    ShortestSequence shortest = ShortestSequence.of(whole, "at first", each -> null);
    assertThat(shortest).isEqualTo(new ShortestSequence(whole, "at first"));
  }

  /** What it says, run by a shell in an empty directory of its own. */
  private String run(Path script) throws Exception {
    QemuTools qemu = QemuTools.require();
    Path sh = QemuTools.requireProgram("sh");
    ProcessBuilder builder =
        new ProcessBuilder(sh.toString(), script.toString(), qemu.qemuImg().toString())
            .directory(Files.createDirectory(directory.resolve("work")).toFile())
            .redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.put("LC_ALL", "C");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
