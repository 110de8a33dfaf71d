package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Comparisons of images that need not be the same byte for byte. */
final class Comparisons {

  private Comparisons() {}

  /** Both are images of the same disk. */
  static boolean sameDisk(Path left, Path right) throws IOException {
    // Fails when they are not.
    Program.require("qemu-img")
        .run(List.of("compare", "-f", "qcow2", "-F", "qcow2", left.toString(), right.toString()));
    return true;
  }

  /** The same disk, and the first image, which is ours, larger by at most a part of the other. */
  static Job.Comparison sameDiskLargerBy(double part) {
    return (ours, other) ->
        Files.size(ours) <= Files.size(other) * (1 + part) && sameDisk(ours, other);
  }
}
