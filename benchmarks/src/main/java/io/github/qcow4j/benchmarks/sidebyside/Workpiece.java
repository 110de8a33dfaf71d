package io.github.qcow4j.benchmarks.sidebyside;

import java.nio.file.Path;
import java.util.List;

/**
 * What a job is about.
 *
 * @param sources what is read
 * @param target what is written, or changed
 */
record Workpiece(List<Path> sources, Path target) {

  Workpiece {
    sources = List.copyOf(sources);
  }

  /**
   * A word of a command, in which <code>{0}</code>, <code>{1}</code> and <code>{target}</code>
   * stand for the files.
   */
  String named(String word) {
    String named = word.replace("{target}", target.toString());
    for (int i = 0; i < sources.size(); i++) {
      named = named.replace("{" + i + "}", sources.get(i).toString());
    }
    return named;
  }
}
