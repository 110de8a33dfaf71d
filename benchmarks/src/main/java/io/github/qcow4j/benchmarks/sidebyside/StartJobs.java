package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.sidebyside.CommandContender.Output;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import io.github.qcow4j.benchmarks.sidebyside.Job.Comparison;
import io.github.qcow4j.benchmarks.sidebyside.Job.Preparation;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Jobs that are over as soon as they have begun. */
final class StartJobs {

  private static final double FIGURE_INFO = 2.0;
  private static final double FIGURE_OVERLAY = 0.02;

  private final Programs programs;
  private final Images images;

  StartJobs(Programs programs, Images images) {
    this.programs = programs;
    this.images = images;
  }

  List<Job> all() {
    return List.of(
        new Job(
            "info",
            FIGURE_INFO,
            List.of(images::plain, this::cache),
            List.of(
                programs.ours("info {0}"),
                oneLine(),
                programs.shown("qemu-img", "qemu-img", "info {0}")),
            Preparation.NOTHING,
            Comparison.NONE),
        new Job(
            "create an overlay from Java",
            FIGURE_OVERLAY,
            List.of(images::plain),
            List.of(
                new OverlayContender(Ending.DEFAULT),
                new OverlayContender(Ending.UNSAFE),
                programs.rival(
                    "qemu-img, a process", "create -q -f qcow2 -F qcow2 -b {0} {target}")),
            Preparation.NOTHING,
            Comparison.NONE));
  }

  /** The runtime that ships, with a cache for this one class, by the options that suit it best. */
  private Contender oneLine() {
    return new CommandContender(
        "the runtime, printing one line",
        Side.RIVAL,
        Ending.DEFAULT,
        oneLine("-XX:AOTCache={1}"),
        Output.NOWHERE);
  }

  private List<String> oneLine(String option) {
    return new ArrayList<>(
        List.of(
            programs.folder().resolve("runtime/bin/java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            option,
            "-cp",
            ownJar().toString(),
            OneLine.class.getName()));
  }

  private Path cache() throws IOException {
    Path cache = images.directory().resolve("one-line.aot");
    if (!Files.exists(cache)) {
      Process made =
          new ProcessBuilder(oneLine("-XX:AOTCacheOutput=" + cache))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      made.onExit().join();
      if (!Files.exists(cache)) {
        throw new IOException("no cache was made: " + cache);
      }
    }
    return cache;
  }

  private static Path ownJar() {
    try {
      return Path.of(OneLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
