package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Machine;
import io.github.qcow4j.benchmarks.material.ResultsFile;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Measures conversions of our packaged folder beside qemu-img's, prints the results and writes them
 * to their part of a file.
 *
 * <p>Arguments, each optional, in any order: {@code folder=DIR} our packaged folder, {@code
 * out=FILE} the results, {@code places=DIR,DIR} where to measure, {@code mib=N} the size of the
 * disks, {@code sharing=KIND,KIND} which file systems that share storage to make and measure on, if
 * root does, and {@code sharing-gib=N,N} the sizes of the disks there, {@code rounds=N} how often,
 * {@code jobs=REGEX} which jobs.
 */
public final class SideBySide {

  private static final String DEFAULT_PLACES = "/dev/shm,/var/tmp";
  private static final String DEFAULT_SHARING = "xfs,btrfs";
  private static final String DEFAULT_SHARING_GIB = "10,100";
  private static final int DEFAULT_MIB = 1024;
  private static final int DEFAULT_ROUNDS = 7;

  private final Contenders contenders;
  private final List<Path> places;
  private final List<String> sharing;
  private final List<Integer> sharingGib;
  private final long sizeBytes;
  private final int rounds;
  private final String jobs;
  private final List<String> report = new ArrayList<>();

  private SideBySide(List<String> arguments) {
    contenders = new Contenders(Path.of(option(arguments, "folder", "cli/target/qcow4j")));
    places = list(arguments, "places", DEFAULT_PLACES).stream().map(Path::of).toList();
    sharing = list(arguments, "sharing", DEFAULT_SHARING);
    sharingGib =
        list(arguments, "sharing-gib", DEFAULT_SHARING_GIB).stream().map(Integer::valueOf).toList();
    sizeBytes = Long.parseLong(option(arguments, "mib", "" + DEFAULT_MIB)) << 20;
    rounds = Integer.parseInt(option(arguments, "rounds", "" + DEFAULT_ROUNDS));
    jobs = option(arguments, "jobs", ".*");
  }

  /** Measures. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    List<String> options = List.of(arguments);
    SideBySide run = new SideBySide(options);
    run.measure();
    ResultsFile.replace(Path.of(option(options, "out", "benchmarks/RESULTS.md")), run.report);
  }

  private static List<String> list(List<String> arguments, String name, String fallback) {
    return Stream.of(option(arguments, name, fallback).split(",", -1))
        .filter(item -> !item.isEmpty())
        .toList();
  }

  private static String option(List<String> arguments, String name, String fallback) {
    return arguments.stream()
        .filter(argument -> argument.startsWith(name + "="))
        .map(argument -> argument.substring(name.length() + 1))
        .findFirst()
        .orElse(fallback);
  }

  private void measure() throws IOException, InterruptedException {
    say("# Beside qemu-img");
    say("");
    Machine.describe().forEach(this::say);
    say("");
    say(
        """
        Written by `mvn -q -Pside-by-side -pl cli,benchmarks -am package -DskipTests`. Every run is a process of its own, start-up included, that
        makes a new target; sources are in the page cache. Medians of %d rounds in which all take turns.
        The disk is %d MiB of this machine's own files. qemu-img leaves its target to the page cache;
        `qcow4j convert` makes it durable before it shows it. Told `-t unsafe`, both leave it to the
        page cache; "then sync" makes qemu-img's durable too.\
        """
            .formatted(rounds, sizeBytes >> 20));
    for (Path place : places) {
      measure(place);
    }
    if (LoopMount.isPossible()) {
      for (String kind : sharing) {
        new SharingRun(contenders, kind, sharingGib, rounds, jobs).lines().forEach(this::say);
      }
    }
  }

  private void measure(Path place) throws IOException, InterruptedException {
    FileStore store = Files.getFileStore(place);
    ResultTable table = new ResultTable(sizeBytes);
    try (Images images = Images.in(place, sizeBytes)) {
      for (Job job : jobs(images)) {
        System.out.println(job.name() + " on " + store.type() + ", load " + Machine.load());
        table.add(job, job.run(images.directory().resolve("target.raw"), rounds));
      }
    }
    say("");
    say("## On " + store.type() + " (load " + Machine.load() + " at the end)");
    say("");
    table.lines().forEach(this::say);
  }

  private List<Job> jobs(Images images) {
    List<Job> all =
        List.of(
            new Job("plain → raw", images::plain, contenders.converting("qcow2")),
            new Job("zlib → raw", images::zlib, contenders.converting("qcow2")),
            new Job("zstd → raw", images::zstd, contenders.converting("qcow2")),
            new Job("4 layers → raw", images::chain, contenders.converting("qcow2")),
            new Job("raw → raw", images::raw, contenders.converting("raw")),
            compressing(images, "zlib"),
            compressing(images, "zstd"));
    return all.stream().filter(job -> job.name().matches(jobs)).toList();
  }

  /** No target may be more than a hundredth larger than the first, and that is ours. */
  private Job compressing(Images images, String type) {
    return new Job(
        "raw → " + type,
        images::raw,
        contenders.compressing(type),
        (ours, other) ->
            Files.size(ours) <= Files.size(other) + Files.size(other) / 100
                && SharingRun.areSame("qcow2", ours, other));
  }

  private void say(String line) {
    System.out.println(line);
    report.add(line);
  }
}
