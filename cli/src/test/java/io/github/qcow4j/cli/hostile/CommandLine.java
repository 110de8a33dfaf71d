package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.TimeLimit;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * One call of the program about one image.
 *
 * @param words its arguments; IMAGE, SOUND, OUT stand for files, OTHER for a sound qcow2 image,
 *     PARENT for the directory of the image
 * @param personality whose part it plays
 * @param writing whether it may change the image when it succeeds
 * @param largestExitCode the exit codes are 0 to this
 */
record CommandLine(String words, Personality personality, boolean writing, int largestExitCode) {

  /** Every image command, with the actions that differ in what they read. */
  static final List<CommandLine> ALL =
      Stream.of(
              reading("info IMAGE", 1),
              reading("info --output=json IMAGE", 1),
              reading("info --backing-chain IMAGE", 1),
              reading("info -U IMAGE", 1),
              reading("check IMAGE", 3),
              reading("check --output=json IMAGE", 3),
              reading("map IMAGE", 1),
              reading("map --output=json IMAGE", 1),
              reading("convert -O raw IMAGE OUT", 1),
              reading("convert -O qcow2 IMAGE OUT", 1),
              reading("convert -c -O qcow2 IMAGE OUT", 1),
              reading("convert -O qcow2 --bitmaps IMAGE OUT", 1),
              reading("convert -l snapshot.id=1 -O raw IMAGE OUT", 1),
              reading("convert --salvage -O raw IMAGE OUT", 1),
              reading("convert -f raw -O qcow2 -B IMAGE -F qcow2 SOUND OUT", 1),
              reading("compare IMAGE SOUND", 4),
              reading("compare SOUND IMAGE", 4),
              reading("compare IMAGE IMAGE", 4),
              reading("dd if=IMAGE of=OUT bs=64k count=4", 1),
              reading("measure -O raw IMAGE", 1),
              reading("measure -O qcow2 IMAGE", 1),
              reading("measure -l snapshot.id=1 -O qcow2 IMAGE", 1),
              reading("snapshot -l IMAGE", 1),
              reading("bench -c 4 -f qcow2 IMAGE", 1),
              reading("create -f qcow2 -F qcow2 -b IMAGE OUT", 1),
              reading("rebase -b IMAGE -F qcow2 OTHER", 1),
              reading("bitmap --merge b1 -b IMAGE -F qcow2 OTHER b0", 1),
              own("convert -O raw IMAGE -", false, 1),
              own("convert -O qcow2 IMAGE -", false, 1),
              own("chain IMAGE", false, 1),
              own("checksum --algorithm crc32c IMAGE", false, 1),
              own("checksum --algorithm sha256 IMAGE", false, 1),
              own("verify IMAGE", false, 2),
              own("verify --output=json IMAGE", false, 2),
              own("flatten IMAGE", true, 1),
              own("amend -o cluster_size=16k IMAGE", true, 1),
              writing("resize IMAGE +64k"),
              writing("resize --shrink IMAGE 512k"),
              writing("amend -o compat=0.10 IMAGE"),
              writing("amend -o lazy_refcounts=on IMAGE"),
              writing("snapshot -c third IMAGE"),
              writing("snapshot -a first IMAGE"),
              writing("snapshot -d first IMAGE"),
              writing("bitmap --add IMAGE b2"),
              writing("bitmap --remove IMAGE b0"),
              writing("bitmap --clear IMAGE b0"),
              writing("bitmap --merge b1 IMAGE b0"),
              writing("bitmap --enable IMAGE b0"),
              writing("bitmap --disable IMAGE b0"),
              writing("commit IMAGE"),
              writing("rebase -u -b  IMAGE"),
              writing("rebase -b  IMAGE"),
              writing("rebase -b OTHER -F qcow2 IMAGE"),
              writing("bench -w -c 4 -f qcow2 IMAGE"),
              writing("convert -n -f raw -O qcow2 SOUND IMAGE"),
              writing("dd -f raw -O qcow2 bs=64k count=4 if=SOUND of=IMAGE"),
              repairing("check -r leaks IMAGE"),
              repairing("check -r all IMAGE"))
          .toList();

  /** One of each kind among those that go where an image leads. */
  static final List<CommandLine> FOLLOWING =
      ALL.stream()
          .filter(command ->
              Stream.of(
                      "info --backing-chain IMAGE",
                      "check IMAGE",
                      "map IMAGE",
                      "convert -O raw IMAGE OUT",
                      "compare IMAGE SOUND",
                      "measure -O qcow2 IMAGE",
                      "create -f qcow2 -F qcow2 -b IMAGE OUT",
                      "chain IMAGE",
                      "verify IMAGE",
                      "flatten IMAGE",
                      "resize IMAGE +64k",
                      "commit IMAGE",
                      "rebase -b  IMAGE")
                  .anyMatch(command.words()::equals))
          .toList();

  private static CommandLine reading(String words, int largestExitCode) {
    return new CommandLine(words, Personality.QEMU_IMG, false, largestExitCode);
  }

  private static CommandLine writing(String words) {
    return new CommandLine(words, Personality.QEMU_IMG, true, 1);
  }

  private static CommandLine repairing(String words) {
    return new CommandLine(words, Personality.QEMU_IMG, true, 3);
  }

  private static CommandLine own(String words, boolean writing, int largestExitCode) {
    return new CommandLine(words, Personality.QCOW4J, writing, largestExitCode);
  }

  /** The same where only so much time is given. */
  CommandLine inLimitedTime() {
    return new CommandLine(words, personality, writing, TimeLimit.EXIT_CODE);
  }

  List<String> arguments(Path image, Path sound, Path out) {
    return Stream.of(words.split(" ", -1))
        .map(word ->
            word.replace("IMAGE", image.toString())
                .replace("PARENT", image.toAbsolutePath().getParent().toString())
                .replace("SOUND", sound.toString())
                .replace("OUT", out.toString())
                .replace("OTHER", otherBeside(out).toString()))
        .toList();
  }

  /** Where a sound qcow2 image is that a command changes by what the hostile one holds. */
  static Path otherBeside(Path file) {
    return file.resolveSibling("other.qcow2");
  }

  /** Whether it has nothing to do with an image that has no backing file. */
  boolean wantsBackingFile() {
    return startsWithAny(
        "commit", "flatten", "rebase -b  ", "rebase -b OTHER", "chain", "info --backing-chain");
  }

  /** Whether it can do its work on a sound image of that kind. */
  boolean suits(Ground ground) {
    return !startsWithAny(ground.unsuited());
  }

  /** A failure is told in one line, but for three commands that have two in QEMU's words. */
  int mostLines() {
    return startsWithAny("create", "snapshot -a", "amend -o compat=0.10") ? 2 : 1;
  }

  /** Whether it changes an image by one write of its header, or not at all. */
  boolean isAtOnce() {
    return startsWithAny("snapshot -", "bitmap --", "amend ", "resize ", "rebase -u");
  }

  /** A check tells all that it finds, in more lines than one; a repair keeps what it could mend. */
  boolean isCheck() {
    return words.startsWith("check");
  }

  boolean startsWithAny(String... beginnings) {
    return Stream.of(beginnings).anyMatch(words::startsWith);
  }
}
