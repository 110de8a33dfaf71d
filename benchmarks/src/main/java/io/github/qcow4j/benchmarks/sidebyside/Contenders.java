package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who takes part: ours and qemu-img's as people call them, qemu-img at its fastest, both told not
 * to wait for the disk, and qemu-img followed by a sync, which is what ours does by itself.
 */
final class Contenders {

  static final String OURS = "qcow4j";
  private static final String THEIRS = "qemu-img";
  private static final List<String> FASTEST = List.of("-m", "16", "-W");
  private static final List<String> UNSAFE = List.of("-t", "unsafe");

  private final Path folder;
  private final Path qemuImg = Program.require("qemu-img").file();

  /**
   * @param folder our packaged folder
   */
  Contenders(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
    if (!Files.isExecutable(this.folder.resolve("bin/qcow4j"))) {
      throw new IllegalStateException(
          this.folder + " holds no bin/qcow4j: build the cli module first, it leaves it there");
    }
  }

  /** Those for a source of that format. */
  List<Contender> converting(String format) {
    return List.of(
        ours(format, Ending.DEFAULT, List.of()),
        ours(format, Ending.UNSAFE, UNSAFE),
        theirs(format, Ending.DEFAULT, List.of()),
        theirs(format, Ending.DEFAULT, FASTEST),
        theirs(format, Ending.UNSAFE, UNSAFE),
        theirs(format, Ending.UNSAFE, joined(FASTEST, UNSAFE)),
        theirsSynced(format));
  }

  /**
   * Those that compress a raw image: everybody by their own default, and told not to wait for the
   * disk.
   *
   * @param type {@code zlib} or {@code zstd}
   */
  List<Contender> compressing(String type) {
    List<String> formats = List.of("-f", "raw", "-O", "qcow2");
    List<String> compress = List.of("-c", "-o", "compression_type=" + type);
    List<String> ours = List.of(folder.resolve("bin/qcow4j").toString(), "convert");
    List<String> theirs = List.of(qemuImg.toString(), "convert");
    List<Contender> all = new ArrayList<>();
    for (Ending ending : List.of(Ending.DEFAULT, Ending.UNSAFE)) {
      List<String> cache = ending == Ending.UNSAFE ? UNSAFE : List.of();
      List<String> options = joined(joined(compress, cache), formats);
      all.add(new Contender(named(OURS, cache), ending, joined(ours, options)));
      all.add(new Contender(named(THEIRS, cache), ending, joined(theirs, options)));
      List<String> fastest = joined(FASTEST, cache);
      all.add(
          new Contender(named(THEIRS, fastest), ending, joined(joined(theirs, FASTEST), options)));
    }
    return all;
  }

  /**
   * Those for a place where storage can be shared: qemu-img as people call it, and told to leave
   * copying to the kernel, which shares.
   *
   * @param from the source's format
   * @param to the target's
   * @param everybody whether qemu-img takes part as people call it, and moves all the data
   */
  List<Contender> sharing(String from, String to, boolean everybody) {
    List<String> formats = List.of("-f", from, "-O", to);
    List<String> theirs = List.of(qemuImg.toString(), "convert");
    List<Contender> all = new ArrayList<>();
    all.add(
        new Contender(
            OURS,
            Ending.DEFAULT,
            joined(List.of(folder.resolve("bin/qcow4j").toString(), "convert"), formats)));
    all.add(
        new Contender(
            THEIRS + " -C", Ending.DEFAULT, joined(joined(theirs, List.of("-C")), formats)));
    if (everybody) {
      all.add(new Contender(THEIRS, Ending.DEFAULT, joined(theirs, formats)));
    }
    return all;
  }

  /** Starts ours and does nothing. */
  Contender start() {
    return new Contender(
        OURS + " --version",
        Ending.DEFAULT,
        List.of(
            "sh", "-c", "\"$0\" --version >/dev/null", folder.resolve("bin/qcow4j").toString()));
  }

  private Contender ours(String format, Ending ending, List<String> options) {
    String program = folder.resolve("bin/qcow4j").toString();
    return new Contender(named(OURS, options), ending, convert(program, format, options));
  }

  private Contender theirs(String format, Ending ending, List<String> options) {
    return new Contender(
        named(THEIRS, options), ending, convert(qemuImg.toString(), format, options));
  }

  /** coreutils' sync of one file is an fsync(2). */
  private Contender theirsSynced(String format) {
    String convert = String.join(" ", convert(qemuImg.toString(), format, FASTEST));
    return new Contender(
        named(THEIRS, FASTEST) + ", then sync",
        Ending.SYNCED,
        List.of("sh", "-c", convert + " \"$1\" \"$2\" && sync \"$2\"", "sh"));
  }

  private static String named(String program, List<String> options) {
    return String.join(" ", joined(List.of(program), options));
  }

  private static List<String> convert(String program, String format, List<String> options) {
    return joined(joined(List.of(program, "convert"), options), List.of("-f", format, "-O", "raw"));
  }

  private static List<String> joined(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return all;
  }
}
