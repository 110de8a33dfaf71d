package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.sidebyside.Job.Comparison;
import io.github.qcow4j.benchmarks.sidebyside.Job.Preparation;
import io.github.qcow4j.benchmarks.sidebyside.Job.Source;
import java.util.ArrayList;
import java.util.List;

/** Jobs on the content of a disk, where all of it is moved. */
final class PlaceJobs {

  /** Compressed output is to be no larger than qemu-img's. */
  private static final double LARGER_ZLIB = 0;

  private static final double LARGER_ZSTD = 0.01;

  private final Programs programs;
  private final Images images;

  PlaceJobs(Programs programs, Images images) {
    this.programs = programs;
    this.images = images;
  }

  /** Those that are over in seconds, and want the larger disk. */
  List<Job> plain() {
    List<Job> all = new ArrayList<>();
    all.add(convert("raw → qcow2", 1.0, images::raw, "raw", "qcow2"));
    all.add(convert("qcow2 → raw", 1.0, images::plain, "qcow2", "raw"));
    all.add(convert("4 layers → qcow2", 1.0, images::chain, "qcow2", "qcow2"));
    all.add(convert("4 layers → raw", 0, images::chain, "qcow2", "raw"));
    all.add(rawToRaw());
    all.add(compare("compare raw, qcow2", images::raw, "raw", images::plain));
    all.add(checksum("sha256"));
    all.add(checksum("crc32c"));
    return all;
  }

  /** Those that compute, and the one that goes by the sector. */
  List<Job> packed() {
    List<Job> all = new ArrayList<>();
    all.add(compress("raw → zlib", 0.35, "-c", LARGER_ZLIB));
    all.add(compress("raw → zstd", 0.5, "-c -o compression_type=zstd", LARGER_ZSTD));
    all.add(convert("zlib → raw", 0.5, images::zlib, "qcow2", "raw"));
    all.add(convert("zstd → raw", 0.5, images::zstd, "qcow2", "raw"));
    all.add(compare("compare raw, zlib", images::raw, "raw", images::zlib));
    all.add(compare("compare qcow2, zstd", images::plain, "qcow2", images::zstd));
    all.add(dd());
    return all;
  }

  private Job convert(String name, double figure, Source source, String from, String to) {
    boolean decompressing = name.startsWith("z");
    return new Job(
        name,
        figure,
        List.of(source),
        programs.converting("-f " + from + " -O " + to, decompressing),
        Preparation.NOTHING,
        to.equals("raw") ? Comparison.BYTES : Comparisons::sameDisk);
  }

  private Job rawToRaw() {
    List<Contender> everybody = new ArrayList<>(programs.converting("-f raw -O raw", false));
    everybody.add(programs.shown("cp", "cp", "--reflink=never {0} {target}"));
    return new Job(
        "raw → raw", 0, List.of(images::raw), everybody, Preparation.NOTHING, Comparison.BYTES);
  }

  private Job compress(String name, double figure, String options, double largerBy) {
    return new Job(
        name,
        figure,
        List.of(images::raw),
        programs.converting("-f raw -O qcow2 " + options, true),
        Preparation.NOTHING,
        Comparisons.sameDiskLargerBy(largerBy));
  }

  private Job compare(String name, Source first, String format, Source second) {
    String line = "compare -f " + format + " -F qcow2 {0} {1}";
    return new Job(
        name,
        0.5,
        List.of(first, second),
        List.of(programs.ours(line), programs.rival("qemu-img", line)),
        Preparation.NOTHING,
        Comparison.NONE);
  }

  /** A sum of one image is told from another's, where qemu-img has to have both images. */
  private Job checksum(String algorithm) {
    return new Job(
        "checksum of qcow2, " + algorithm,
        0.5,
        List.of(images::plain, images::raw),
        List.of(
            programs.ours("checksum -f qcow2 --algorithm=" + algorithm + " {0}"),
            programs.rival("qemu-img compare", "compare -f qcow2 -F raw {0} {1}")),
        Preparation.NOTHING,
        Comparison.NONE);
  }

  /** By blocks of 512 bytes, as nothing is said of them. */
  private Job dd() {
    String line = "dd -f qcow2 -O raw if={0} of={target}";
    return new Job(
        "dd, its default block size",
        0.1,
        List.of(images::plain),
        List.of(programs.ours(line), programs.rival("qemu-img", line)),
        Preparation.NOTHING,
        Comparison.BYTES);
  }
}
