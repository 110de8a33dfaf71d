package io.github.qcow4j.benchmarks.calls;

import io.github.qcow4j.benchmarks.NativeCallBenchmark;
import io.github.qcow4j.benchmarks.ProviderBenchmark;
import io.github.qcow4j.benchmarks.SharingCallBenchmark;
import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Machine;
import io.github.qcow4j.benchmarks.material.ResultsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs {@link ProviderBenchmark}, {@link NativeCallBenchmark} and, as root, {@link
 * SharingCallBenchmark}, and writes what each call costs through each provider into its part of
 * {@code benchmarks/RESULTS.md}, or of the file of the property {@code out}. The arguments are
 * JMH's.
 */
public final class ProviderCalls {

  private static final List<String> PROVIDERS = List.of("panama", "jnr", "portable");

  private ProviderCalls() {}

  /** Measures. */
  public static void main(String[] arguments)
      throws IOException, RunnerException, CommandLineOptionException {
    String before = Machine.load();
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .parent(new CommandLineOptions(arguments))
            .include(ProviderBenchmark.class.getName() + "\\.")
            .include(NativeCallBenchmark.class.getName() + "\\.")
            .jvmArgs("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED");
    if (LoopMount.isPossible()) {
      options.include(SharingCallBenchmark.class.getName() + "\\.");
    }
    Map<String, Map<String, Result<?>>> calls = new TreeMap<>();
    for (RunResult run : new Runner(options.build()).run()) {
      String method = run.getParams().getBenchmark();
      String call = method.substring(method.lastIndexOf('.') + 1);
      calls
          .computeIfAbsent(call, any -> new TreeMap<>())
          .put(run.getParams().getParam("provider"), run.getPrimaryResult());
    }
    List<String> part = new ArrayList<>(List.of("# Calls through each provider", ""));
    part.addAll(Machine.describe());
    part.add("");
    part.add(
        """
        Written by `mvn -q -Pcalls -pl benchmarks -am package -DskipTests`: JMH, nanoseconds per call on tmpfs, with the error of 99.9 %%;
        load %s before. A process of its own for each figure: a warm-up of 400 ms, five runs of 150 ms. What each call does:
        `ProviderBenchmark`; `NativeCallBenchmark`, of what `java.nio` has nothing for; `SharingCallBenchmark`, on an XFS in a
        file on tmpfs. `portable` asks the kernel nothing for `nextData`, `nextHole`, `advise` and `punchHole`.
        """
            .formatted(before));
    part.addAll(table(calls));
    part.forEach(System.out::println);
    ResultsFile.replace(Path.of(System.getProperty("out", "benchmarks/RESULTS.md")), part);
  }

  private static List<String> table(Map<String, Map<String, Result<?>>> calls) {
    List<String> lines = new ArrayList<>();
    lines.add("| call | " + String.join(" | ", PROVIDERS) + " | jnr / panama |");
    lines.add("|---|--:|--:|--:|--:|");
    calls.forEach((call, results) -> {
      StringBuilder line = new StringBuilder("| ").append(call);
      for (String provider : PROVIDERS) {
        Result<?> result = results.get(provider);
        line.append(
            result == null
                ? " | "
                : String.format(
                    Locale.ROOT, " | %.0f ± %.0f", result.getScore(), result.getScoreError()));
      }
      lines.add(line + " | " + ratio(results.get("jnr"), results.get("panama")) + " |");
    });
    return lines;
  }

  private static String ratio(@Nullable Result<?> jnr, @Nullable Result<?> panama) {
    return jnr == null || panama == null
        ? ""
        : String.format(Locale.ROOT, "**%.2f**", jnr.getScore() / panama.getScore());
  }
}
