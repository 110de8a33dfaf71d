package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A command line, run through time(1), which learns from wait4(2) what it took.
 *
 * @param name how the results call it
 * @param side whose way it is
 * @param ending what it promises of the target when it ends
 * @param words the program and its arguments, with the places of a {@link Workpiece}
 * @param output where standard output goes: nowhere, or to the target
 */
record CommandContender(String name, Side side, Ending ending, List<String> words, Output output)
    implements Contender {

  private static final double MIB = 1 << 20;
  private static final double KIB_PER_MIB = 1024;

  /** Where standard output goes. */
  enum Output {
    NOWHERE,
    TARGET
  }

  CommandContender {
    words = List.copyOf(words);
  }

  /** The same, its standard output being what it makes. */
  CommandContender printing() {
    return new CommandContender(name, side, ending, words, Output.TARGET);
  }

  @Override
  public Measured run(Workpiece work) throws IOException, InterruptedException {
    Path taken = Files.createTempFile("qcow4j-benchmark", ".time");
    try {
      List<String> line = new ArrayList<>();
      line.add(Program.require("time").file().toString());
      line.addAll(List.of("--quiet", "--format=%U %S %M", "--output=" + taken));
      words.forEach(word -> line.add(work.named(word)));
      ProcessBuilder builder = new ProcessBuilder(line).redirectError(Redirect.INHERIT);
      builder.redirectOutput(
          output == Output.TARGET ? Redirect.to(work.target().toFile()) : Redirect.DISCARD);
      long start = System.nanoTime();
      int exitCode = builder.start().waitFor();
      double wallSeconds = (System.nanoTime() - start) / 1e9;
      if (exitCode != 0) {
        throw new IOException(String.join(" ", line) + ": exit code " + exitCode);
      }
      return measured(wallSeconds, Files.readString(taken).strip(), work.target());
    } finally {
      Files.delete(taken);
    }
  }

  private static Measured measured(double wallSeconds, String taken, Path target)
      throws IOException {
    double[] values =
        Arrays.stream(taken.split(" ", -1)).mapToDouble(Double::parseDouble).toArray();
    double outputMib = Files.isRegularFile(target) ? Files.size(target) / MIB : 0;
    return new Measured(wallSeconds, values[0] + values[1], values[2] / KIB_PER_MIB, outputMib);
  }
}
