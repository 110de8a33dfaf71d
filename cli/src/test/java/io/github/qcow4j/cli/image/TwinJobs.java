package io.github.qcow4j.cli.image;

import java.util.List;
import java.util.Random;

/**
 * Random jobs of a {@link TwinSequence}.
 *
 * @param base the name of the lowest image
 * @param random where they come from
 */
record TwinJobs(String base, Random random) {

  private static final String TOP = "top.qcow2";

  /** Arguments of qemu-img. */
  String next() {
    return random.nextInt(3) == 0 ? ofBoth() : ofOne(random.nextInt(3) == 0 ? base : TOP);
  }

  /** What is about the chain. */
  private String ofBoth() {
    return switch (random.nextInt(8)) {
      case 0 ->
          "compare "
              + flag("-s ")
              + "-f "
              + TwinSetup.format(base)
              + " -F qcow2 "
              + base
              + " "
              + TOP;
      case 1 -> "commit " + flag("-d ") + TOP;
      case 2 -> "commit " + flag("-d ") + "-b " + base + " " + TOP;
      case 3 -> "rebase -u" + onBase();
      case 4 -> "rebase" + onBase();
      case 5 -> "rebase -f qcow2" + onBase();
      case 6 ->
          "convert -B "
              + base
              + " -F "
              + TwinSetup.format(base)
              + " -O qcow2 "
              + TOP
              + " copy.qcow2";
      default -> "rebase -b '' " + TOP;
    };
  }

  private String onBase() {
    return " -F " + TwinSetup.format(base) + " -b " + base + " " + TOP;
  }

  private String ofOne(String image) {
    String from = " -f " + TwinSetup.format(image) + " ";
    // A raw image keeps neither, and QEMU tells of a guessed format as often as it opens it.
    String kept = image.endsWith(".raw") ? TOP : image;
    String name = "n" + random.nextInt(3);
    return switch (random.nextInt(18)) {
      case 0 -> "info --output=" + TwinSequence.output(random) + from + image;
      case 1 -> "map --output=" + TwinSequence.output(random) + from + image;
      case 2 ->
          "measure --output="
              + TwinSequence.output(random)
              + " -O "
              + oneOf("raw", "qcow2")
              + from
              + image;
      case 3 -> "check" + oneOf("", " -r leaks", " -r all") + from + image;
      case 4 ->
          "convert"
              + from
              + oneOf("", "", "-c ")
              + "-O qcow2 -o "
              + TwinChains.options(random)
              + " "
              + image
              + " copy.qcow2";
      case 5 -> "convert -n" + from + "-O qcow2 " + image + " copy.qcow2";
      case 6 -> "convert" + flag(" -n") + from + "-O raw " + image + " copy.raw";
      case 7 -> "convert -c" + from + "-O qcow2 -o compression_type=zstd " + image + " copy.qcow2";
      case 8 -> "resize --shrink" + from + image + " " + sectors();
      case 9 ->
          "resize --preallocation="
              + oneOf("off", "metadata", "falloc", "full")
              + from
              + image
              + " "
              + sectors();
      case 10 -> "snapshot -" + oneOf("c", "a", "d") + " " + name + " " + kept;
      case 11 -> "bitmap --add -g " + (512 << random.nextInt(8)) + " " + kept + " " + name;
      case 12 ->
          "bitmap --" + oneOf("remove", "clear", "enable", "disable") + " " + kept + " " + name;
      case 13 -> "bitmap --merge " + name + " " + kept + " n" + random.nextInt(3);
      case 14 ->
          "amend -o "
              + oneOf("compat=0.10", "compat=1.1", "refcount_bits=8", "lazy_refcounts=on")
              + from
              + image;
      case 15 -> "convert -l " + name + " -O qcow2 " + image + " copy.qcow2";
      case 16 -> "convert --bitmaps -O qcow2 " + image + " copy.qcow2";
      default -> copied(image, oneOf("qcow2", "raw"));
    };
  }

  private String copied(String image, String format) {
    return "dd -f "
        + TwinSetup.format(image)
        + " -O "
        + format
        + " bs="
        + (512 << random.nextInt(8))
        + " skip="
        + random.nextInt(8)
        + " count="
        + (1 + random.nextInt(64))
        + " if="
        + image
        + " of=copy."
        + format;
  }

  private long sectors() {
    return 512L * (1 + random.nextInt(8000));
  }

  private String flag(String flag) {
    return random.nextBoolean() ? flag : "";
  }

  private String oneOf(String... all) {
    return List.of(all).get(random.nextInt(all.length));
  }
}
