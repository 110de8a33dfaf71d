package io.github.qcow4j.benchmarks.sidebyside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A job that all contenders do in turn.
 *
 * @param name how the results call it
 * @param source makes what it reads
 * @param contenders who does it
 * @param comparison how their targets are compared
 */
record Job(String name, Source source, List<Contender> contenders, Comparison comparison) {

  /** A job whose targets are to be the same byte for byte. */
  Job(String name, Source source, List<Contender> contenders) {
    this(name, source, contenders, (left, right) -> Files.mismatch(left, right) < 0);
  }

  /** Whether two targets hold the same. */
  @FunctionalInterface
  interface Comparison {

    boolean areSame(Path left, Path right) throws IOException;
  }

  /** Makes what a job reads, or finds it made. */
  @FunctionalInterface
  interface Source {

    Path make() throws IOException;
  }

  /**
   * The medians of each contender, by name.
   *
   * <p>They take turns, every other round in reverse, so that what else happens on the machine
   * meets all of them, and nobody always comes behind the same one. The round before the first is
   * not measured: it brings the source into the page cache, and shows that all targets are equal.
   *
   * @param target what they write; gone afterwards
   * @param rounds how many rounds are measured
   */
  Map<String, Measured> run(Path target, int rounds) throws IOException, InterruptedException {
    Path image = source.make();
    Path first = target.resolveSibling("first.raw");
    for (Contender contender : contenders) {
      contender.run(image, target);
      if (!Files.exists(first)) {
        Files.move(target, first);
      } else if (!comparison.areSame(first, target)) {
        throw new IOException(contender.name() + " writes something else: " + target);
      }
    }
    Files.delete(first);
    Map<String, List<Measured>> runs = new LinkedHashMap<>();
    contenders.forEach(contender -> runs.put(contender.name(), new ArrayList<>()));
    List<Contender> turn = new ArrayList<>(contenders);
    for (int round = 0; round < rounds; round++) {
      for (Contender contender : turn) {
        runs.getOrDefault(contender.name(), List.of()).add(contender.run(image, target));
      }
      Collections.reverse(turn);
    }
    Files.deleteIfExists(target);
    Map<String, Measured> medians = new LinkedHashMap<>();
    runs.forEach((name, measured) -> medians.put(name, Measured.median(measured)));
    return medians;
  }
}
