package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
import io.github.qcow4j.benchmarks.sidebyside.CommandContender.Output;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The programs that take part, with what they are told. */
final class Programs {

  private static final String OURS = "qcow4j";
  private static final String THEIRS = "qemu-img";

  private final Path folder;
  private final Path qemuImg = Program.require(THEIRS).file();

  /**
   * @param folder our packaged folder
   */
  Programs(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
    if (!Files.isExecutable(this.folder.resolve("bin/qcow4j"))) {
      throw new IllegalStateException(
          this.folder + " holds no bin/qcow4j: build the cli module first, it leaves it there");
    }
  }

  /** Our packaged folder. */
  Path folder() {
    return folder;
  }

  /**
   * What our program says that it works with, in a line of Markdown: the way to the kernel, the
   * library that does deflate, those it ships. Where they stand on this machine is nobody else's
   * concern.
   */
  String ourParts() throws IOException {
    return Program.at(folder.resolve("bin/qcow4j"))
        .run(List.of("--version", "--verbose"))
        .lines()
        .filter(line -> !line.startsWith(" ") && !line.startsWith("runtime:"))
        .map(line -> line.replaceFirst(" \\(.*", "").replace("library: ", ""))
        .collect(Collectors.joining(", ", "- ", ""));
  }

  /** qemu-img. */
  Path qemuImg() {
    return qemuImg;
  }

  /** Ours; the arguments in one line. */
  CommandContender ours(String arguments) {
    return command(OURS, Side.OURS, Ending.DEFAULT, ourProgram(), arguments);
  }

  /** qemu-img, as one whom a figure is held against. */
  CommandContender rival(String name, String arguments) {
    return command(name, Side.RIVAL, Ending.DEFAULT, qemuImg.toString(), arguments);
  }

  /** Another program, beside the job. */
  CommandContender shown(String program, String name, String arguments) {
    return command(
        name, Side.SHOWN, Ending.DEFAULT, Program.require(program).file().toString(), arguments);
  }

  /**
   * Everybody converting: ours, and qemu-img as people call it and at its fastest; all told not to
   * wait for the disk as well; and qemu-img followed by a sync, which is what ours does by itself.
   *
   * @param options what all are told, formats included
   * @param compressing whether qemu-img as people call it is out of the competition: by itself it
   *     compresses on one processor
   */
  List<Contender> converting(String options, boolean compressing) {
    String rest = " " + options + " {0} {target}";
    String fastest = "convert -m 16 -W";
    Side asCalled = compressing ? Side.SHOWN : Side.RIVAL;
    String theirs = qemuImg.toString();
    return List.of(
        ours("convert" + rest),
        command(
            OURS + " -t unsafe",
            Side.OURS,
            Ending.UNSAFE,
            ourProgram(),
            "convert -t unsafe" + rest),
        command(THEIRS, asCalled, Ending.DEFAULT, theirs, "convert" + rest),
        rival(THEIRS + " -m 16 -W", fastest + rest),
        command(
            THEIRS + " -t unsafe", Side.SHOWN, Ending.UNSAFE, theirs, "convert -t unsafe" + rest),
        command(
            THEIRS + " -m 16 -W -t unsafe",
            Side.SHOWN,
            Ending.UNSAFE,
            theirs,
            fastest + " -t unsafe" + rest),
        synced(fastest + " " + options));
  }

  /** coreutils' sync of one file is an fsync(2). */
  private Contender synced(String arguments) {
    return new CommandContender(
        THEIRS + " -m 16 -W, then sync",
        Side.SHOWN,
        Ending.SYNCED,
        List.of(
            "sh",
            "-c",
            qemuImg + " " + arguments + " \"$1\" \"$2\" && sync \"$2\"",
            "sh",
            "{0}",
            "{target}"),
        Output.NOWHERE);
  }

  private String ourProgram() {
    return folder.resolve("bin/qcow4j").toString();
  }

  private static CommandContender command(
      String name, Side side, Ending ending, String program, String arguments) {
    List<String> words = new ArrayList<>(List.of(program));
    words.addAll(List.of(arguments.strip().split(" +", -1)));
    return new CommandContender(name, side, ending, words, Output.NOWHERE);
  }
}
