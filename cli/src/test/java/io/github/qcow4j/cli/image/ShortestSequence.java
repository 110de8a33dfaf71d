package io.github.qcow4j.cli.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What is left of a sequence whose outcomes differ when each job is dropped without which they
 * still do.
 *
 * @param sequence the sequence
 * @param difference in what they differ first
 */
record ShortestSequence(TwinSequence sequence, String difference) {

  /** Runs a sequence twice. */
  @FunctionalInterface
  interface Comparison {

    /** In what the outcomes differ first, or null. */
    @Nullable String difference(TwinSequence sequence) throws IOException;
  }

  /**
   * Finds it. Later jobs are tried first: none is needed after the one that shows the difference.
   *
   * @param first in what the whole sequence's outcomes differ
   */
  static ShortestSequence of(TwinSequence whole, String first, Comparison comparison)
      throws IOException {
    TwinSequence shortest = whole;
    String difference = first;
    for (int i = shortest.jobs().size() - 1; i >= 0; i--) {
      TwinSequence shorter = shortest.without(i);
      String left = comparison.difference(shorter);
      if (left != null) {
        shortest = shorter;
        difference = left;
      }
    }
    return new ShortestSequence(shortest, difference);
  }

  /**
   * Leaves it as a script of its seed.
   *
   * @return what to tell about it
   */
  String report(Path directory, long seed) throws IOException {
    Path script = Files.createDirectories(directory).resolve(seed + ".sh");
    Files.writeString(script, sequence.script());
    return "-Dqcow4j.seed=" + seed + ", " + script + ":\n" + sequence.script() + difference;
  }
}
