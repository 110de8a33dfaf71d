package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Machine;
import io.github.qcow4j.benchmarks.material.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Conversions on a file system that shares storage, made for the purpose: of disks whose data is
 * there once.
 */
final class SharingRun {

  /** One GiB of content, and the target of a contender that copies ten of it, with some room. */
  private static final long FILE_SYSTEM_BYTES = 16L << 30;

  private static final int MOST_COPIED_GIB = 10;
  private static final Path PARENT = Path.of("/var/tmp");

  private final Contenders contenders;
  private final String kind;
  private final List<Integer> sizesGib;
  private final int rounds;
  private final String wanted;

  /**
   * @param kind the file system, as mkfs calls it
   * @param sizesGib the sizes of the disks
   * @param rounds how often each contender's turn comes
   * @param wanted a regular expression for the names of jobs
   */
  SharingRun(
      Contenders contenders, String kind, List<Integer> sizesGib, int rounds, String wanted) {
    this.contenders = contenders;
    this.kind = kind;
    this.sizesGib = sizesGib;
    this.rounds = rounds;
    this.wanted = wanted;
  }

  /** Measures; returns the results in Markdown. */
  List<String> lines() throws IOException, InterruptedException {
    List<String> lines = new ArrayList<>();
    try (LoopMount mount = LoopMount.make(kind, PARENT, FILE_SYSTEM_BYTES)) {
      for (int gib : sizesGib) {
        ResultTable table = new ResultTable((long) gib << 30);
        try (Images images = Images.sharingIn(mount.directory(), (long) gib << 30)) {
          for (Job job : jobs(images, gib)) {
            System.out.println(job.name() + " on " + kind + ", load " + Machine.load());
            table.add(job, job.run(images.directory().resolve("target"), rounds));
          }
        }
        lines.add("");
        lines.add(
            "## On %s, %d GiB of data (load %s at the end)".formatted(kind, gib, Machine.load()));
        lines.add("");
        lines.add(
            String.format(
                Locale.ROOT,
                """
                The file system lies in a file; the data is one GiB, shared by all sources. Storage is
                shared by ours always, by qemu-img with -C. To start and do nothing takes ours %.2f s.\
                """,
                startSeconds()));
        lines.add("");
        lines.addAll(table.lines());
      }
    }
    return lines;
  }

  private double startSeconds() throws IOException, InterruptedException {
    List<Measured> runs = new ArrayList<>();
    Path nothing = Path.of("/dev/null");
    for (int round = 0; round <= rounds; round++) {
      runs.add(contenders.start().run(nothing, PARENT.resolve("qcow4j-no-such-file")));
    }
    return Measured.median(runs).wallSeconds();
  }

  private List<Job> jobs(Images images, int gib) {
    boolean everybody = gib <= MOST_COPIED_GIB;
    return List.of(
            job("raw → qcow2", images::raw, "raw", "qcow2", everybody),
            job("qcow2 → raw", images::plain, "qcow2", "raw", everybody),
            job("4 layers → qcow2", images::chain, "qcow2", "qcow2", everybody))
        .stream()
        .filter(job -> job.name().matches(wanted))
        .toList();
  }

  /** Larger targets are not compared, it would take longer than all else. */
  private Job job(String name, Job.Source source, String from, String to, boolean everybody) {
    return new Job(
        name,
        source,
        contenders.sharing(from, to, everybody),
        (left, right) -> !everybody || areSame(to, left, right));
  }

  static boolean areSame(String format, Path left, Path right) throws IOException {
    if (!Files.exists(left) || !Files.exists(right)) {
      return false;
    }
    // Fails when they are not.
    Program.require("qemu-img")
        .run(List.of("compare", "-f", format, "-F", format, left.toString(), right.toString()));
    return true;
  }
}
