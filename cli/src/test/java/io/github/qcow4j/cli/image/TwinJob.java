package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.testing.ToolRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One job of a {@link TwinSequence}, and what of an answer to it is compared.
 *
 * @param line arguments of qemu-img, names of images without a directory
 */
record TwinJob(String line) {

  /**
   * What depends on where clusters are and on which were spared, on the clock, or on a name that
   * QEMU makes up for an open image.
   */
  private static final Pattern OF_NO_CONCERN =
      Pattern.compile(
          "(?m),? *\"(offset|actual-size|allocated-clusters|image-end-offset|date-sec|date-nsec|fragmented-clusters)\":"
              + " [0-9]+|^disk size: .*$|^Image end offset: .*$|[0-9]{4}-[0-9]{2}-[0-9]{2}"
              + " [0-9:]{8}|^[0-9]+/[0-9]+ = .*$|(?<=persistent in )'[^']*'|, \"present\": (true|false)");

  /** Neighbours in a map that were two because their clusters do not follow each other. */
  private static final Pattern NEIGHBOURS =
      Pattern.compile(
          "\\{ \"start\": ([0-9]+), \"length\": ([0-9]+)(, [^}]*)},\n"
              + "\\{ \"start\": [0-9]+, \"length\": ([0-9]+)\\3}");

  boolean is(String beginning) {
    return line.startsWith(beginning);
  }

  /** The words of a line for a shell. */
  static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher matcher = Pattern.compile("'([^']*)'|(\\S+)").matcher(line);
    while (matcher.find()) {
      words.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
    }
    return words;
  }

  /** Arguments for images in a directory. A backing file is named as it is to be stored. */
  List<String> placed(Path directory) {
    List<String> placed = new ArrayList<>();
    for (String word : words(line)) {
      boolean stored = !placed.isEmpty() && placed.getLast().equals("-b");
      int name = word.indexOf('=') + 1;
      placed.add(
          TwinSequence.IMAGES.contains(word.substring(name)) && !stored
              ? word.substring(0, name) + directory.resolve(word.substring(name))
              : word);
    }
    return placed;
  }

  /** What of an answer about images in a directory is compared. */
  String said(int exitCode, String stdout, String stderr, Path directory) {
    // These lines are made by host offsets, which are not the same; --output=json is compared.
    boolean places = is("map --output=human");
    String text = ((places ? "" : stdout) + stderr).replace(directory.toString(), "@");
    return exitCode + " " + joined(OF_NO_CONCERN.matcher(text).replaceAll(""));
  }

  String said(ToolRun run, Path directory) {
    return said(run.exitCode(), run.stdout(), run.stderr(), directory);
  }

  private static String joined(String map) {
    Matcher two = NEIGHBOURS.matcher(map);
    while (two.find()) {
      long length = Long.parseLong(two.group(2)) + Long.parseLong(two.group(4));
      String one = "{ \"start\": " + two.group(1) + ", \"length\": " + length + two.group(3) + "}";
      map = map.substring(0, two.start()) + one + map.substring(two.end());
      two = NEIGHBOURS.matcher(map);
    }
    return map;
  }
}
