package io.github.qcow4j.benchmarks.sidebyside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The results of all runs on one machine, in a file. A job that is measured again takes the place
 * of what it was; results of another machine are dropped, as no table is to hold both.
 */
final class ResultStore {

  private static final String MACHINE = "# ";

  private final Path file;
  private final String machine;
  private final List<Result> results = new ArrayList<>();

  private ResultStore(Path file, String machine) {
    this.file = file;
    this.machine = machine;
  }

  /**
   * What the file holds of this machine.
   *
   * @param machine what tells it from others, in one line
   */
  static ResultStore open(Path file, String machine) throws IOException {
    ResultStore store = new ResultStore(file, machine);
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return store;
    }
    if (lines.getFirst().equals(MACHINE + machine)) {
      lines.stream().skip(2).map(Result::parse).forEach(store.results::add);
    }
    return store;
  }

  /** All that is known, places in the order they were first measured, and so are jobs. */
  List<Result> results() {
    return List.copyOf(results);
  }

  /** Takes the results of one job, and writes everything to the file. */
  void put(List<Result> job) throws IOException {
    int at = results.size();
    for (int i = results.size() - 1; i >= 0; i--) {
      if (results.get(i).place().equals(job.getFirst().place()) && at == results.size()) {
        at = i + 1;
      }
      if (results.get(i).isOfJobOf(job.getFirst())) {
        results.remove(i);
        at = i;
      }
    }
    results.addAll(at, job);
    List<String> lines = new ArrayList<>(List.of(MACHINE + machine, Result.HEADING));
    results.forEach(result -> lines.add(result.line()));
    Files.write(file, lines);
  }
}
