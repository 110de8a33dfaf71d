package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.material.Program;
import io.github.qcow4j.benchmarks.sidebyside.Job.Comparison;
import io.github.qcow4j.benchmarks.sidebyside.Job.Preparation;
import io.github.qcow4j.benchmarks.sidebyside.Job.Source;
import java.io.IOException;
import java.util.List;

/** Jobs on an image of which nothing is there but all of its metadata. */
final class MetadataJobs {

  private static final long TEBIBYTE = 1L << 40;
  private static final int LARGE_TEBIBYTES = 8;
  private static final double FIGURE = 0.5;

  private final Programs programs;
  private final Images images;

  MetadataJobs(Programs programs, Images images) {
    this.programs = programs;
    this.images = images;
  }

  /** Those of 8 TiB are there for their memory. */
  List<Job> all() {
    return List.of(
        printing("check of 1 TiB", 1, "check -f qcow2"),
        printing("map of 1 TiB", 1, "map -f qcow2 --output=json"),
        firstSnapshot("first internal snapshot of 1 TiB", 1),
        printing("check of 8 TiB", LARGE_TEBIBYTES, "check -f qcow2"),
        printing("map of 8 TiB", LARGE_TEBIBYTES, "map -f qcow2 --output=json"),
        firstSnapshot("first internal snapshot of 8 TiB", LARGE_TEBIBYTES));
  }

  private Job firstSnapshot(String name, int tebibytes) {
    return new Job(
        name,
        FIGURE,
        List.of(mapped(tebibytes)),
        List.of(
            programs.ours("snapshot -c first {target}"),
            programs.rival("qemu-img", "snapshot -c first {target}")),
        MetadataJobs::copy,
        Comparison.NONE);
  }

  private Job printing(String name, int tebibytes, String line) {
    boolean alike = line.startsWith("map");
    return new Job(
        name,
        FIGURE,
        List.of(mapped(tebibytes)),
        List.of(
            programs.ours(line + " {0}").printing(),
            programs.rival("qemu-img", line + " {0}").printing()),
        Preparation.NOTHING,
        alike ? Comparison.BYTES : Comparison.NONE);
  }

  private Source mapped(int tebibytes) {
    return () -> images.mapped(tebibytes * TEBIBYTE);
  }

  private static void copy(Workpiece work) throws IOException {
    Preparation.NOTHING.prepare(work);
    Program.require("cp")
        .run(
            List.of(
                "--sparse=always",
                "--reflink=never",
                work.sources().getFirst().toString(),
                work.target().toString()));
  }
}
