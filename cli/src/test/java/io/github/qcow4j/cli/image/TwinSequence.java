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

  static final List<String> IMAGES = List.of("base.qcow2", "top.qcow2", "copy.qcow2");

  /** The sequence of a seed. */
  static TwinSequence of(long seed) {
    Random random = new Random(seed);
    List<String> setup = new ArrayList<>();
    make(setup, "base.qcow2", "", random);
    make(setup, "top.qcow2", "-b base.qcow2 -F qcow2 ", random);
    List<String> jobs = new ArrayList<>();
    int count = 3 + random.nextInt(8);
    for (int i = 0; i < count; i++) {
      jobs.add(job(random));
    }
    return new TwinSequence(List.copyOf(setup), List.copyOf(jobs));
  }

  private static void make(List<String> setup, String name, String backing, Random random) {
    long size = 512L * (1 + random.nextInt(6000));
    setup.add(
        "qemu-img create -q -f qcow2 -o "
            + TwinChains.options(random)
            + " "
            + backing
            + name
            + " "
            + size);
    for (String write : TwinChains.writes(size, random, true)) {
      setup.add("qemu-io -f qcow2 -c '" + write + "' " + name);
    }
  }

  private static String job(Random random) {
    String image = random.nextInt(3) == 0 ? "base.qcow2" : "top.qcow2";
    String name = "n" + random.nextInt(3);
    return switch (random.nextInt(19)) {
      case 0 -> "info --output=" + output(random) + " " + image;
      case 1 -> "map --output=" + output(random) + " " + image;
      case 2 -> "measure --output=" + output(random) + " -O " + format(random) + " " + image;
      case 3 -> "check " + List.of("", "-r leaks ", "-r all ").get(random.nextInt(3)) + image;
      case 4 -> "compare " + (random.nextBoolean() ? "-s " : "") + "base.qcow2 top.qcow2";
      case 5 ->
          "convert "
              + (random.nextInt(3) == 0 ? "-c " : "")
              + "-O qcow2 -o "
              + TwinChains.options(random)
              + " "
              + image
              + " copy.qcow2";
      case 6 -> "resize --shrink " + image + " " + 512L * (1 + random.nextInt(8000));
      case 7 -> "snapshot -" + "ca".charAt(random.nextInt(2)) + " " + name + " " + image;
      case 8 -> "snapshot -d " + name + " " + image;
      case 9 -> "bitmap --add -g " + (512 << random.nextInt(8)) + " " + image + " " + name;
      case 10 ->
          "bitmap --"
              + List.of("remove", "clear", "enable", "disable").get(random.nextInt(4))
              + " "
              + image
              + " "
              + name;
      case 11 ->
          "amend -o "
              + List.of("compat=0.10", "compat=1.1", "refcount_bits=8", "lazy_refcounts=on")
                  .get(random.nextInt(4))
              + " "
              + image;
      case 12 -> "commit " + (random.nextBoolean() ? "-d " : "") + "top.qcow2";
      case 13 -> "bitmap --merge " + name + " " + image + " n" + random.nextInt(3);
      case 14 -> "convert -l " + name + " -O qcow2 " + image + " copy.qcow2";
      case 15 -> "convert --bitmaps -O qcow2 " + image + " copy.qcow2";
      case 16 ->
          "dd -f qcow2 -O qcow2 bs="
              + (512 << random.nextInt(8))
              + " skip="
              + random.nextInt(8)
              + " count="
              + (1 + random.nextInt(64))
              + " if="
              + image
              + " of=copy.qcow2";
      case 17 -> "rebase -u -F qcow2 -b base.qcow2 top.qcow2";
      default ->
          "rebase " + (random.nextBoolean() ? "-b '' " : "-F qcow2 -b base.qcow2 ") + "top.qcow2";
    };
  }

  private static String output(Random random) {
    return random.nextBoolean() ? "json" : "human";
  }

  private static String format(Random random) {
    return random.nextBoolean() ? "raw" : "qcow2";
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
