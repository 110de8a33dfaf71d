package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * One command line, given to qemu-img and to this program, each in a directory of the same name and
 * contents.
 */
final class SameCommand {

  private final QemuTools qemu;
  private final Path master;
  private final Path work;
  private final Path theirResult;

  /** What both left and said. */
  record Outcome(ToolRun theirs, OurRun ours, Path theirDirectory, Path ourDirectory) {

    /** Both said the same. */
    Outcome agreed() {
      assertThat(ours.stderr()).as("%s", ours).isEqualTo(theirs.stderr());
      assertThat(ours.stdout()).as("%s", ours).isEqualTo(theirs.stdout());
      assertThat(ours.exitCode()).as("%s", ours).isEqualTo(theirs.exitCode());
      return this;
    }

    /** Both succeeded in silence. */
    Outcome succeeded() {
      assertThat(theirs.exitCode()).as("%s", theirs).isZero();
      return agreed();
    }
  }

  /**
   * @param qemu the real tools
   * @param directory an empty directory
   */
  SameCommand(QemuTools qemu, Path directory) throws IOException {
    this.qemu = qemu;
    this.master = Files.createDirectory(directory.resolve("master"));
    this.work = directory.resolve("work");
    this.theirResult = directory.resolve("theirs");
  }

  /** Where the files are made that every command finds. */
  Path master() {
    return master;
  }

  /** Runs a line; words in it with {@code @} name files of the directory. */
  Outcome run(String line) {
    return run(
        Arrays.stream(line.split(" ", -1))
            .filter(word -> !word.isEmpty())
            .map(word -> word.equals("''") ? "" : placed(word))
            .toList());
  }

  private String placed(String word) {
    return word.replace("@", work + "/");
  }

  private Outcome run(List<String> arguments) {
    try {
      delete(theirResult);
      copy(master, work);
      ToolRun theirs = qemu.img(arguments);
      Files.move(work, theirResult);
      copy(master, work);
      return new Outcome(theirs, OurRun.asQemuImg(arguments), theirResult, work);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    delete(to);
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }
}
