package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.sidebyside.Contender.Side;
import io.github.qcow4j.benchmarks.sidebyside.Job.Comparison;
import io.github.qcow4j.benchmarks.sidebyside.Job.Preparation;
import io.github.qcow4j.benchmarks.sidebyside.Job.Source;
import java.util.ArrayList;
import java.util.List;

/**
 * Conversions where storage can be shared, of disks whose data is there once. Ours shares by
 * itself; qemu-img moves all the data as people call it, and leaves copying to the kernel, which
 * may share, when told to with {@code -C}.
 */
final class SharingJobs {

  private static final double FIGURE_AS_CALLED = 0.1;
  private static final double FIGURE_COPYING = 1.0;

  private final Programs programs;
  private final Images images;
  private final boolean largest;
  private final BareRuntime runtime;

  /**
   * @param largest whether there is no room for a target that shares nothing: then qemu-img takes
   *     part with {@code -C} alone, and not from raw to qcow2, which it copies even so; ours is
   *     shown there without anybody to be held against
   */
  SharingJobs(Programs programs, Images images, boolean largest) {
    this.programs = programs;
    this.images = images;
    this.largest = largest;
    this.runtime = new BareRuntime(programs.folder(), images.directory());
  }

  List<Job> all() {
    List<Job> all = new ArrayList<>();
    all.add(job("qcow2 → raw", images::plain, "qcow2", "raw"));
    all.add(job("4 layers → raw", images::chain, "qcow2", "raw"));
    all.add(job("4 layers → qcow2", images::chain, "qcow2", "qcow2"));
    all.add(job("raw → qcow2", images::raw, "raw", "qcow2"));
    if (!largest) {
      all.add(job("raw → raw", images::raw, "raw", "raw"));
    }
    return all;
  }

  /** Larger targets are not compared, it would take longer than all else. */
  private Job job(String name, Source source, String from, String to) {
    Comparison comparison = to.equals("raw") ? Comparison.BYTES : Comparisons::sameDisk;
    return new Job(
        name,
        largest ? FIGURE_COPYING : FIGURE_AS_CALLED,
        largest ? List.of(source, runtime::cache) : List.of(source),
        contenders("convert -f " + from + " -O " + to + " {0} {target}", from.equals(to)),
        Preparation.NOTHING,
        largest ? Comparison.NONE : comparison);
  }

  private List<Contender> contenders(String line, boolean same) {
    String copying = line.replace("convert", "convert -C");
    List<Contender> all = new ArrayList<>();
    all.add(programs.ours(line));
    if (largest) {
      if (!line.contains("-f raw -O qcow2")) {
        all.add(programs.rival("qemu-img -C", copying));
      }
      all.add(runtime.contender(Side.START));
    } else {
      all.add(programs.rival("qemu-img", line));
      all.add(programs.shown("qemu-img", "qemu-img -C", copying));
      if (same && line.contains("-f raw")) {
        all.add(programs.shown("cp", "cp --reflink", "--reflink=always {0} {target}"));
      }
    }
    return all;
  }
}
