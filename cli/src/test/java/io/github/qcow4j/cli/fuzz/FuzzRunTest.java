package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The long search, each target in a JVM of its own under a coverage-guided fuzzer: {@code mvn
 * -Pfuzz -pl cli -am test -Dtest=FuzzRunTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dqcow4j.fuzz.seconds=120}, for one target with {@code -Dqcow4j.fuzz.target=NAME}. It prints
 * executions and coverage. What it finds stays in {@code target/fuzz}; when mended it belongs in
 * {@code src/test/resources/fuzz}.
 */
@EnabledIfSystemProperty(named = "qcow4j.fuzz.seconds", matches = "[0-9]+")
final class FuzzRunTest {

  private static final long SECONDS = Long.getLong("qcow4j.fuzz.seconds", 0);
  private static final String ONLY = System.getProperty(FuzzEntry.TARGET, "");

  @TempDir private Path directory;

  @ParameterizedTest
  @EnumSource
  void aSearchFindsNothing(FuzzTarget target) throws IOException, InterruptedException {
    assumeTrue(ONLY.isEmpty() || ONLY.equals(target.name()));
    Path home = Files.createDirectories(Path.of("target/fuzz", target.name()).toAbsolutePath());
    Path corpus = Files.createDirectories(home.resolve("corpus"));
    List<byte[]> seeds = new ArrayList<>(FuzzSeeds.of(target, directory));
    seeds.addAll(FoundInputs.of(target));
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(corpus.resolve("seed-" + i), seeds.get(i));
    }
    Path log = home.resolve("log");
    Process fuzzer =
        new ProcessBuilder(command(target, home, corpus))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    int exitCode = fuzzer.waitFor();
    String said = Files.readString(log, UTF_8);
    said.lines()
        .filter(line -> line.contains("DONE") || line.contains("stat::number_of_executed_units"))
        .forEach(line -> System.out.println(target + ": " + line));
    assertThat(exitCode).as(said).isZero();
  }

  private static List<String> command(FuzzTarget target, Path home, Path corpus) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+EnableDynamicAgentLoading",
            "-Xmx384m",
            "-XX:MaxDirectMemorySize=128m",
            "-D" + FuzzEntry.TARGET + "=" + target,
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "com.code_intelligence.jazzer.Jazzer",
            "--target_class=" + FuzzEntry.class.getName(),
            "--instrumentation_includes=io.github.qcow4j.qcow2.**:io.github.qcow4j.snapshot.**"
                + ":io.github.qcow4j.cli.**",
            "-max_total_time=" + SECONDS,
            "-max_len=131072",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-artifact_prefix=" + home + "/",
            "--reproducer_path=" + home,
            corpus.toString()));
    return command;
  }
}
