package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
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
 * @param figure what the ratio of our time to that of the fastest rival is to be at most; 0 when
 *     nothing is said of it
 * @param sources make what it reads, or find it made
 * @param contenders who does it
 * @param preparation what is done to the target before each turn
 * @param comparison how targets are compared
 */
record Job(
    String name,
    double figure,
    List<Source> sources,
    List<? extends Contender> contenders,
    Preparation preparation,
    Comparison comparison) {

  Job {
    sources = List.copyOf(sources);
    contenders = List.copyOf(contenders);
  }

  /** Makes a source. */
  @FunctionalInterface
  interface Source {

    Path make() throws IOException;
  }

  /** Brings the target to where a contender begins. */
  @FunctionalInterface
  interface Preparation {

    /** Nothing is there. */
    Preparation NOTHING = work -> Files.deleteIfExists(work.target());

    void prepare(Workpiece work) throws IOException;
  }

  /** Whether two targets hold the same. */
  @FunctionalInterface
  interface Comparison {

    /** They are the same byte for byte. */
    Comparison BYTES = (left, right) -> Files.mismatch(left, right) < 0;

    /** It does not matter, or there are none. */
    Comparison NONE = (left, right) -> true;

    boolean areSame(Path left, Path right) throws IOException;
  }

  /**
   * The medians of each contender, by name.
   *
   * <p>They take turns, every other round in reverse, so that what else happens on the machine
   * meets all of them, and nobody always comes behind the same one. What the turn before left to
   * the page cache is stored first: on a file system in a file, a sync would wait for that too. The
   * round before the first is not measured: it brings the source into the page cache, and shows
   * that all targets are equal.
   *
   * @param target what they write; gone afterwards
   * @param rounds how many rounds are measured
   */
  Map<Contender, Measured> run(Path target, int rounds) throws IOException, InterruptedException {
    List<Path> made = new ArrayList<>();
    for (Source source : sources) {
      made.add(source.make());
    }
    Workpiece work = new Workpiece(made, target);
    compareAll(work);
    Map<Contender, List<Measured>> runs = new LinkedHashMap<>();
    contenders.forEach(contender -> runs.put(contender, new ArrayList<>()));
    List<Contender> turn = new ArrayList<>(contenders);
    for (int round = 0; round < rounds; round++) {
      for (Contender contender : turn) {
        preparation.prepare(work);
        Program.require("sync").run(List.of());
        runs.getOrDefault(contender, List.of()).add(contender.run(work));
      }
      Collections.reverse(turn);
    }
    Files.deleteIfExists(target);
    Map<Contender, Measured> medians = new LinkedHashMap<>();
    runs.forEach((contender, measured) -> medians.put(contender, Measured.median(measured)));
    return medians;
  }

  private void compareAll(Workpiece work) throws IOException, InterruptedException {
    Path first = work.target().resolveSibling("first");
    try {
      for (Contender contender : contenders) {
        preparation.prepare(work);
        contender.run(work);
        if (!Files.exists(work.target())) {
          continue;
        }
        if (!Files.exists(first)) {
          Files.move(work.target(), first);
        } else if (!comparison.areSame(first, work.target())) {
          throw new IOException(contender.name() + " makes something else of " + work);
        }
      }
    } finally {
      Files.deleteIfExists(first);
    }
  }
}
