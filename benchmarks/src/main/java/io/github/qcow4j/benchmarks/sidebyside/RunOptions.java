package io.github.qcow4j.benchmarks.sidebyside;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a run is told. Arguments, each optional, in any order:
 *
 * <ul>
 *   <li>{@code folder=DIR} our packaged folder
 *   <li>{@code out=FILE} the results, and {@code data=FILE} where they are kept from run to run
 *   <li>{@code places=DIR,DIR} where to measure, {@code mib=N} the size of the disks there, and
 *       {@code plain-mib=N} that of those whose data is moved as it is; on tmpfs, which is memory,
 *       all have the former
 *   <li>{@code sharing=KIND,KIND} which file systems that share storage to make and measure on, if
 *       root does, and {@code sharing-gib=N,N} the sizes of the disks there
 *   <li>{@code rounds=N} how often each contender's turn comes; those that are over at once get
 *       three times as many
 *   <li>{@code jobs=REGEX} which jobs, found in their name, a comma and the name of the place; an
 *       underscore stands for a space
 * </ul>
 *
 * @param jobs which jobs
 * @param folder our packaged folder
 * @param out the results
 * @param data where they are kept
 * @param places where to measure
 * @param sizeBytes the size of the disks there
 * @param plainBytes the size of those whose data is moved as it is
 * @param sharing which file systems to make
 * @param sharingGib the sizes of the disks there
 * @param rounds how many
 */
record RunOptions(
    Pattern jobs,
    Path folder,
    Path out,
    Path data,
    List<Path> places,
    long sizeBytes,
    long plainBytes,
    List<String> sharing,
    List<Integer> sharingGib,
    int rounds) {

  static RunOptions parse(List<String> arguments) {
    return new RunOptions(
        Pattern.compile(option(arguments, "jobs", ".*").replace('_', ' ')),
        Path.of(option(arguments, "folder", "cli/target/qcow4j")),
        Path.of(option(arguments, "out", "benchmarks/RESULTS.md")),
        Path.of(option(arguments, "data", "benchmarks/results.tsv")),
        list(arguments, "places", "/dev/shm,/var/tmp").map(Path::of).toList(),
        Long.parseLong(option(arguments, "mib", "1024")) << 20,
        Long.parseLong(option(arguments, "plain-mib", "4096")) << 20,
        list(arguments, "sharing", "xfs,btrfs").toList(),
        list(arguments, "sharing-gib", "10,100").map(Integer::valueOf).toList(),
        Integer.parseInt(option(arguments, "rounds", "5")));
  }

  /** Whether a job is to be measured. */
  boolean wants(String place, String job) {
    return jobs.matcher(job + ", " + place).find();
  }

  private static Stream<String> list(List<String> arguments, String name, String fallback) {
    return Stream.of(option(arguments, name, fallback).split(",", -1))
        .filter(item -> !item.isEmpty());
  }

  private static String option(List<String> arguments, String name, String fallback) {
    return arguments.stream()
        .filter(argument -> argument.startsWith(name + "="))
        .map(argument -> argument.substring(name.length() + 1))
        .findFirst()
        .orElse(fallback);
  }
}
