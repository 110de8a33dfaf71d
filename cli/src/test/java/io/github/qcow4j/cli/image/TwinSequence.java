package io.github.qcow4j.cli.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Commands of a seed: QEMU makes images by the first ones, the others are given to both programs.
 *
 * @param setup lines for a shell in the directory of the images
 * @param jobs arguments of qemu-img, names of images without a directory
 */
record TwinSequence(List<String> setup, List<String> jobs) {

  static final List<String> IMAGES =
      List.of("base.qcow2", "base.raw", "top.qcow2", "copy.qcow2", "copy.raw");

  private static final int DAMAGED_ONE_OF = 6;
  private static final int RAW_ONE_OF = 4;

  /** The sequence of a seed. */
  static TwinSequence of(long seed) {
    Random random = new Random(seed);
    List<String> jobs = new ArrayList<>();
    boolean damaged = random.nextInt(DAMAGED_ONE_OF) == 0;
    String base = !damaged && random.nextInt(RAW_ONE_OF) == 0 ? "base.raw" : "base.qcow2";
    if (damaged) {
      // Before it is repaired, who writes to it may destroy what another finds.
      jobs.add("check " + base);
      jobs.add("check -r " + (random.nextBoolean() ? "leaks " : "all ") + base);
      jobs.add("check -r all --output=" + output(random) + " " + base);
    }
    int count = 3 + random.nextInt(8);
    for (int i = 0; i < count; i++) {
      jobs.add(new TwinJobs(base, random).next());
    }
    return new TwinSequence(
        damaged ? TwinSetup.damaged(base, random) : TwinSetup.sound(base, random),
        List.copyOf(jobs));
  }

  static String output(Random random) {
    return random.nextBoolean() ? "json" : "human";
  }

  /** Whether an image is damaged on purpose. */
  boolean damages(String image) {
    return image.endsWith(".qcow2")
        && setup.stream()
            .anyMatch(line -> line.startsWith("qemu-io -f raw ") && line.endsWith(" " + image));
  }

  /** How many lines it has. */
  int size() {
    return setup.size() + jobs.size();
  }

  /** One of its lines; those that make images come first. */
  String line(int index) {
    return index < setup.size() ? setup.get(index) : jobs.get(index - setup.size());
  }

  /** The same with others, or none, in place of one line. */
  TwinSequence with(int index, List<String> lines) {
    return index < setup.size()
        ? new TwinSequence(replaced(setup, index, lines), jobs)
        : new TwinSequence(setup, replaced(jobs, index - setup.size(), lines));
  }

  private static List<String> replaced(List<String> all, int index, List<String> lines) {
    List<String> replaced = new ArrayList<>(all);
    replaced.remove(index);
    replaced.addAll(index, lines);
    return List.copyOf(replaced);
  }

  /** A script that shows both: run with the program as its argument, in an empty directory. */
  String script() {
    StringBuilder script =
        new StringBuilder("#!/bin/sh\n# usage: sh SCRIPT qemu-img|OUR-PROGRAM\n");
    setup.forEach(line -> script.append(line).append('\n'));
    for (String job : jobs) {
      script.append("\"$1\" ").append(job).append("; echo \"exit $?\"\n");
    }
    return script.toString();
  }
}
