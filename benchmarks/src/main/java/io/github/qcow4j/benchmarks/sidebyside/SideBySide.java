package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.benchmarks.material.Images;
import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Machine;
import io.github.qcow4j.benchmarks.material.Program;
import io.github.qcow4j.benchmarks.material.ResultsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Measures jobs of our packaged folder beside qemu-img's, and writes the results, with those of
 * earlier runs that were not measured again, to their part of a file, and to pictures beside it.
 */
public final class SideBySide {

  private static final Path LOOP_PARENT = Path.of("/var/tmp");

  /** One GiB of content, and the targets of contenders that copy ten of it, with some room. */
  private static final long LOOP_BYTES = 32L << 30;

  /** What is larger shares its storage alone. */
  private static final int MOST_COPIED_GIB = 10;

  /** The sources of a job, what two contenders made, and what another one makes. */
  private static final int DISKS_AT_ONCE = 5;

  /** Images of 1 and 8 TiB without content, and copies of the larger with a snapshot. */
  private static final long METADATA_BYTES = 6L << 30;

  /** Where storage can be shared nothing is moved, and the figures of a place are of moving. */
  private static final Set<String> SHARING = Set.of("xfs", "btrfs");

  /** For what is done in milliseconds. */
  private static final int SHORT_JOBS_ROUNDS_FACTOR = 3;

  private final RunOptions options;
  private final Programs programs;
  private final ResultStore store;
  private final String commit;
  private final List<String> leftOut = new ArrayList<>();
  private boolean measured;

  private SideBySide(RunOptions options) throws IOException {
    this.options = options;
    programs = new Programs(options.folder());
    commit = commit(options.folder());
    store = ResultStore.open(options.data(), Machine.identity());
  }

  /**
   * Measures.
   *
   * @param arguments as {@link RunOptions} describes them
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    SideBySide run = new SideBySide(RunOptions.parse(List.of(arguments)));
    run.requireTools();
    try {
      run.measure();
    } catch (IOException | InterruptedException | RuntimeException e) {
      run.reportBeside(e);
      throw e;
    }
    if (!run.measured && run.leftOut.isEmpty()) {
      throw new IllegalArgumentException(
          "no job of that name: jobs= is looked for in \"JOB, On PLACE, SIZE\"");
    }
    run.report();
  }

  /** After an hour, what was measured is worth having also when the rest failed. */
  private void reportBeside(Exception failure) {
    try {
      if (measured) {
        report();
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Before the first job, not when their turn comes after an hour. */
  private void requireTools() throws IOException {
    for (String program : List.of("qemu-img", "qemu-io", "time", "cp", "sync")) {
      Program _ = Program.require(program);
    }
    Set<String> kinds = new TreeSet<>(sharingKinds());
    for (Path place : options.places()) {
      if (isSharing(place)) {
        kinds.add("ext4");
      }
    }
    if (LoopMount.isPossible() && !kinds.isEmpty()) {
      kinds.forEach(kind -> {
        Program _ = Program.require("mkfs." + kind);
      });
      Program _ = Program.require("mount");
      Program _ = Program.require("umount");
    }
  }

  /**
   * What is checked out around a folder that was built there, and whether it was changed since;
   * nothing where there is no git.
   */
  private static String commit(Path folder) {
    try {
      String directory = folder.toAbsolutePath().toString();
      return Program.require("git")
          .run(
              List.of(
                  "-C", directory, "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"));
    } catch (IOException | IllegalStateException e) {
      return "";
    }
  }

  private void measure() throws IOException, InterruptedException {
    for (Path place : roomyPlaces()) {
      String kind = Files.getFileStore(place).type();
      if (!isSharing(place)) {
        measureAt(place, kind);
      } else if (LoopMount.isPossible()) {
        try (LoopMount mount = LoopMount.make("ext4", place, LOOP_BYTES)) {
          measureAt(mount.directory(), "ext4 in a file on " + kind);
        }
      } else {
        leaveOut(place + ", which is " + kind + ": an ext4 in a file needs root and loop devices");
      }
    }
    for (String kind : sharingKinds()) {
      if (LoopMount.isPossible()) {
        measureSharing(kind);
      } else {
        leaveOut(kind + ", which needs root and loop devices");
      }
    }
  }

  private List<String> sharingKinds() {
    return options.sharingGib().isEmpty() ? List.of() : options.sharing();
  }

  private void leaveOut(String what) {
    System.out.println("not measured: " + what);
    leftOut.add("- not measured: " + what);
  }

  private static boolean isSharing(Path place) throws IOException {
    return SHARING.contains(Files.getFileStore(place).type());
  }

  private long plainBytes(String kind) {
    return kind.equals("tmpfs") ? options.sizeBytes() : options.plainBytes();
  }

  private List<Path> roomyPlaces() throws IOException {
    List<Path> roomy = new ArrayList<>();
    for (Path place : options.places()) {
      if (hasRoom(place, plainBytes(Files.getFileStore(place).type()))) {
        roomy.add(place);
      }
    }
    return roomy;
  }

  private boolean hasRoom(Path place, long plainBytes) throws IOException {
    long disks = DISKS_AT_ONCE * Math.max(plainBytes, options.sizeBytes());
    long wantedBytes = Math.max(disks, METADATA_BYTES);
    boolean hasRoom = Files.getFileStore(place).getUsableSpace() >= wantedBytes;
    if (!hasRoom) {
      leaveOut(place + ", which has no room for " + (wantedBytes >> 30) + " GiB");
    }
    return hasRoom;
  }

  private void measureAt(Path place, String kind) throws IOException, InterruptedException {
    long plainBytes = plainBytes(kind);
    try (Images images = Images.in(place, plainBytes)) {
      measure("On " + kind + size(plainBytes), images, new PlaceJobs(programs, images).plain(), 1);
    }
    try (Images images = Images.in(place, options.sizeBytes())) {
      List<Job> jobs = new PlaceJobs(programs, images).packed();
      measure("On " + kind + size(options.sizeBytes()), images, jobs, 1);
    }
    try (Images images = Images.in(place, options.sizeBytes())) {
      measure(
          "On " + kind + ", metadata alone", images, new MetadataJobs(programs, images).all(), 1);
    }
    try (Images images = Images.in(place, 64L << 20)) {
      measure(
          "On " + kind + ", start",
          images,
          new StartJobs(programs, images).all(),
          SHORT_JOBS_ROUNDS_FACTOR);
    }
  }

  private static String size(long bytes) {
    long mebibytes = bytes >> 20;
    return ", " + (mebibytes % 1024 == 0 ? mebibytes / 1024 + " GiB" : mebibytes + " MiB");
  }

  private void measureSharing(String kind) throws IOException, InterruptedException {
    try (LoopMount mount = LoopMount.make(kind, LOOP_PARENT, LOOP_BYTES)) {
      for (int gib : options.sharingGib()) {
        try (Images images = Images.sharingIn(mount.directory(), (long) gib << 30)) {
          List<Job> jobs = new SharingJobs(programs, images, gib > MOST_COPIED_GIB).all();
          measure("On " + kind + ", storage shared, " + gib + " GiB", images, jobs, 1);
        }
      }
    }
  }

  private void measure(String place, Images images, List<Job> jobs, int factor)
      throws IOException, InterruptedException {
    for (Job job : jobs) {
      if (options.wants(place, job.name())) {
        System.out.println(job.name() + ", " + place + ", load " + Machine.load());
        int rounds = options.rounds() * factor;
        Map<Contender, Measured> medians = job.run(images.directory().resolve("target"), rounds);
        store.put(results(place, job, medians, rounds));
        measured = true;
      }
    }
  }

  private List<Result> results(
      String place, Job job, Map<Contender, Measured> medians, int rounds) {
    List<Result> results = new ArrayList<>();
    medians.forEach((contender, median) ->
        results.add(
            new Result(
                place,
                job.name(),
                job.figure(),
                contender.name(),
                contender.side(),
                contender.ending(),
                median,
                rounds,
                LocalDate.now(ZoneOffset.UTC),
                commit)));
    return results;
  }

  private void report() throws IOException {
    List<String> machine = new ArrayList<>(Machine.describe());
    machine.add(programs.ourParts());
    machine.addAll(leftOut);
    List<String> part = Report.of(machine, store.results());
    part.forEach(System.out::println);
    ResultsFile.replace(options.out(), part);
    for (var place : Report.byPlaceAndJob(store.results()).entrySet()) {
      Path plot = options.out().resolveSibling(Plot.fileName(place.getKey()));
      Files.createDirectories(plot.resolveSibling("."));
      Files.writeString(plot, Plot.of(place.getKey(), place.getValue()));
    }
  }
}
