package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who takes part: ours as it is and without the sync, qemu-img as people call it and at its
 * fastest.
 */
final class Contenders {

  static final String OURS = "qcow4j";
  static final String OURS_UNSYNCED = "qcow4j, no sync";
  static final String THEIRS = "qemu-img";
  static final String THEIRS_PARALLEL = "qemu-img -m 16 -W";
  static final String THEIRS_SYNCED = "qemu-img -m 16 -W, then sync";

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
        new Contender(OURS, true, ours(format)),
        new Contender(OURS_UNSYNCED, false, unsynced(format)),
        new Contender(THEIRS, false, theirs(format)),
        new Contender(THEIRS_PARALLEL, false, theirs(format, "-m", "16", "-W")),
        new Contender(THEIRS_SYNCED, true, theirsSynced(format)));
  }

  private List<String> ours(String format) {
    return List.of(folder.resolve("bin/qcow4j").toString(), "convert", "-f", format, "-O", "raw");
  }

  /** The launcher's options with another main class. */
  private List<String> unsynced(String format) {
    return List.of(
        folder.resolve("runtime/bin/java").toString(),
        "-XX:+UseSerialGC",
        "-XX:MaxRAM=8g",
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.library.path=" + folder.resolve("lib/native"),
        "-cp",
        ownJar() + ":" + ownJar().resolveSibling("lib") + "/*",
        UnsyncedConversion.class.getName(),
        format);
  }

  private static Path ownJar() {
    return Path.of(Contenders.class.getProtectionDomain().getCodeSource().getLocation().getPath());
  }

  private List<String> theirs(String format, String... options) {
    List<String> command = new ArrayList<>(List.of(qemuImg.toString(), "convert"));
    command.addAll(List.of(options));
    command.addAll(List.of("-f", format, "-O", "raw"));
    return command;
  }

  /** coreutils' sync of one file is an fsync(2). */
  private List<String> theirsSynced(String format) {
    String convert = String.join(" ", theirs(format, "-m", "16", "-W"));
    return List.of("sh", "-c", convert + " \"$1\" \"$2\" && sync \"$2\"", "sh");
  }
}
