package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Ending;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import io.github.qcow4j.benchmarks.sidebyside.Job.Comparison;
import io.github.qcow4j.benchmarks.sidebyside.Job.Preparation;
import java.util.List;

/** Jobs that are over as soon as they have begun. */
final class StartJobs {

  private static final double FIGURE_INFO = 2.0;
  private static final double FIGURE_OVERLAY = 0.02;

  private final Programs programs;
  private final Images images;
  private final BareRuntime runtime;

  StartJobs(Programs programs, Images images) {
    this.programs = programs;
    this.images = images;
    this.runtime = new BareRuntime(programs.folder(), images.directory());
  }

  List<Job> all() {
    return List.of(
        new Job(
            "info",
            FIGURE_INFO,
            List.of(images::plain, runtime::cache),
            List.of(
                programs.ours("info {0}"),
                runtime.contender(Side.RIVAL),
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
}
