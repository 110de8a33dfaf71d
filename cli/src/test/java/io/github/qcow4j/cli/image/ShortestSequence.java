package io.github.qcow4j.cli.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is left of a sequence whose outcomes differ when nothing can be taken from it any more: they
 * no longer do without any one of its jobs, of the lines that make the images, or of the options of
 * either.
 *
 * @param sequence the sequence
 * @param difference in what they differ first
 */
record ShortestSequence(TwinSequence sequence, String difference) {

  /** Runs a sequence twice. */
  @FunctionalInterface
  interface Comparison {

    /**
     * In what the outcomes differ first, or null.
     *
     * @throws SetupFailedException when there are no images to compare
     */
    @Nullable String difference(TwinSequence sequence) throws IOException;
  }

  /**
   * Finds it. What was needed by something else may go when that is gone, so that all is tried
   * again until nothing goes.
   *
   * @param first in what the whole sequence's outcomes differ
   */
  static ShortestSequence of(TwinSequence whole, String first, Comparison comparison)
      throws IOException {
    ShortestSequence before;
    ShortestSequence shortest = new ShortestSequence(whole, first);
    do {
      before = shortest;
      shortest = shortest.withFewerLines(comparison).withSimplerLines(comparison);
    } while (!shortest.sequence.equals(before.sequence));
    return shortest;
  }

  /** Later ones are tried first: none is needed after the one that shows the difference. */
  private ShortestSequence withFewerLines(Comparison comparison) throws IOException {
    ShortestSequence shortest = this;
    for (int i = sequence.size() - 1; i >= 0; i--) {
      shortest = shortest.orIfItDiffers(shortest.sequence.with(i, List.of()), comparison);
    }
    return shortest;
  }

  private ShortestSequence withSimplerLines(Comparison comparison) throws IOException {
    ShortestSequence shortest = this;
    for (int i = 0; i < sequence.size(); i++) {
      for (String simpler : SimplerLine.of(sequence.line(i))) {
        if (shortest.sequence.line(i).equals(sequence.line(i))) {
          shortest =
              shortest.orIfItDiffers(shortest.sequence.with(i, List.of(simpler)), comparison);
        }
      }
    }
    return shortest;
  }

  private ShortestSequence orIfItDiffers(TwinSequence shorter, Comparison comparison)
      throws IOException {
    try {
      String left = comparison.difference(shorter);
      return left == null ? this : new ShortestSequence(shorter, left);
    } catch (SetupFailedException e) {
      return this;
    }
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
