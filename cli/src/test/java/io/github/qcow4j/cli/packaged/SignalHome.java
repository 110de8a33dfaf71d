package io.github.qcow4j.cli.packaged;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A home of boxes that commands are signalled at.
 *
 * @param directory where it is
 */
record SignalHome(Path directory) {

  private static final String STRAY = "stray.qcow2";

  /** Of the 64 digits of a digest. */
  private static final int SHOWN_DIGITS = 8;

  private static final Pattern ID = Pattern.compile("\\b[a-z0-9]{16}\\b");
  private static final Pattern NAME = Pattern.compile("\"name\": (\"[^\"]*\")");

  /**
   * What can be told apart from outside: of two homes after the same command the identifiers and
   * the times are different.
   *
   * @param told what a check of it says, which asks for the same locks as any work on boxes
   * @param names those of boxes, and what lies on what
   * @param disks what a guest reads from each image in it
   */
  record State(String told, List<String> names, List<String> disks) {

    static final State NONE = new State("", List.of(), List.of());
  }

  /** Makes boxes, snapshots, and what takes boxes elsewhere beside the home. */
  void make(Path base, Path archive, Path exported, QemuTools qemu) {
    box("create", "web", "--from", base.toString());
    qemu.io(disk("web"), "write -P 11 64k 64k");
    box("snapshot", "create", "web", "old");
    qemu.io(disk("web"), "write -P 12 200k 64k");
    box("clone", "web", "twin", "--snapshot", "old");
    box("export", "web", "-o", archive.toString());
    box("export", "twin", "--to-dir", exported.toString());
  }

  /** Leaves what nothing knows in it, and clusters that nothing refers to in an image. */
  void litter() throws IOException {
    Files.writeString(directory.resolve("layers").resolve(STRAY), "stray");
    Path _ = ImageSurgeon.operate(disk("twin"), surgeon -> surgeon.appendClusters(8));
  }

  private Path disk(String box) {
    return Path.of(box("path", box).stdout().strip());
  }

  State state() throws IOException {
    OurRun check = run("check");
    List<String> names = new ArrayList<>();
    NAME.matcher(box("list", "--json").stdout())
        .results()
        .map((MatchResult result) -> result.group(1))
        .forEach(names::add);
    String tree = ID.matcher(run("snapshot", "tree", "web").stdout()).replaceAll("ID");
    names.addAll(tree.lines().sorted().toList());
    return new State(check.exitCode() + check.stdout(), names, disks());
  }

  private List<String> disks() throws IOException {
    List<String> digests = new ArrayList<>();
    for (String part : List.of("disks", "layers")) {
      try (Stream<Path> files = Files.list(directory.resolve(part))) {
        for (Path image : files.filter(file -> !file.endsWith(STRAY)).toList()) {
          OurRun run = OurRun.asQcow4j("checksum", "--references=allow", image.toString());
          assertThat(run.exitCode()).as("%s", run).isZero();
          digests.add(run.stdout().substring(0, SHOWN_DIGITS));
        }
      }
    }
    Collections.sort(digests);
    return digests;
  }

  private OurRun box(String... words) {
    OurRun run = run(words);
    assertThat(run.exitCode()).as("%s", run).isZero();
    return run;
  }

  private OurRun run(String... words) {
    return OurRun.asQcow4j(
        Stream.concat(Stream.of("box", "--home=" + directory), Stream.of(words))
            .toArray(String[]::new));
  }
}
