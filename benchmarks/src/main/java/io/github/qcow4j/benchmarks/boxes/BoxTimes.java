package io.github.qcow4j.benchmarks.boxes;

import io.github.qcow4j.benchmarks.material.LoopMount;
import io.github.qcow4j.benchmarks.material.Machine;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * How long operations on boxes take, on an XFS made for the purpose: the tenth and the last of so
 * many snapshots and clones of one box; and operations on disks of 10 MiB to 10 GiB, all of it
 * data. Prints medians: of a tenth or last one with its neighbours, of so many rounds else, and how
 * many times that of the smallest disk it is. Needs root. Arguments: {@code count=2000 rounds=21};
 * a count of 0 leaves the thousands out.
 */
public final class BoxTimes {

  private static final Path PARENT = Path.of("/var/tmp");
  private static final long FILE_SYSTEM_BYTES = 8L << 30;
  private static final int NEIGHBOURS = 9;
  private static final int SEED_BYTES = 64 << 20;

  /**
   * Files that share storage are digested up to 64 MiB: the disk between shows what size alone
   * makes of it.
   */
  private static final List<Long> SIZES = List.of(10L << 20, 128L << 20, 10L << 30);

  private static final int WARM_UP_ROUNDS = 10;

  private final Volume volume = Volumes.host();
  private final Path directory;
  private final int count;
  private final int rounds;

  private BoxTimes(Path directory, int count, int rounds) {
    this.directory = directory;
    this.count = count;
    this.rounds = rounds;
  }

  /** What is timed. */
  @FunctionalInterface
  private interface Operation {
    void run(int number) throws IOException;
  }

  /** Measures and prints. */
  public static void main(String[] arguments) throws IOException {
    List<String> all = List.of(arguments);
    try (LoopMount mount = LoopMount.make("xfs", PARENT, FILE_SYSTEM_BYTES)) {
      BoxTimes times =
          new BoxTimes(mount.directory(), number(all, "count", 2000), number(all, "rounds", 21));
      if (times.count > 0) {
        times.thousands();
      }
      times.sizes();
    }
    System.out.println("load at the end " + Machine.load());
  }

  private static int number(List<String> arguments, String name, int otherwise) {
    return arguments.stream()
        .filter(each -> each.startsWith(name + "="))
        .map(each -> Integer.parseInt(each.substring(name.length() + 1)))
        .findFirst()
        .orElse(otherwise);
  }

  private static void create(BoxHome home, long sizeBytes) throws IOException {
    home.create(
        new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, sizeBytes))),
        new JobControl());
  }

  private static void clone(BoxHome home, String name) throws IOException {
    home.cloneBox(new CloneRequest("web", null, List.of(name), false), new JobControl());
  }

  private void thousands() throws IOException {
    try (BoxHome home = BoxHome.open(HomeOptions.of(directory.resolve("thousands")))) {
      create(home, 1L << 30);
      Random random = new Random(1);
      double[] snapshots =
          times(
              count,
              number -> write(home.path("web", BoxDisk.ROOT), random),
              number -> home.snapshot("web", "s" + number, ""));
      double[] clones = times(count, number -> {}, number -> clone(home, "c" + number));
      print("snapshot", snapshots);
      print("clone", clones);
    }
  }

  private void write(Path path, Random random) throws IOException {
    byte[] bytes = new byte[4096];
    random.nextBytes(bytes);
    try (DiskImage disk = open(path)) {
      disk.write(random.nextInt(1 << 14) * 65536L, ByteBuffer.wrap(bytes));
    }
  }

  private DiskImage open(Path path) throws IOException {
    return DiskImages.open(
        volume,
        path,
        ReferencePolicy.allow(),
        ImageOptions.of(ImageFormat.QCOW2).withWriting().withMaxChainLayers(10_000));
  }

  /** A home with one box, whose disk is all data. */
  private record Sized(Path own, BoxHome home, long sizeBytes) {

    void run(SizedOperation operation, int number) throws IOException {
      operation.run(this, number);
    }

    Path exported(int number) {
      return own.resolve("out" + number);
    }
  }

  /** What is timed on disks of different sizes. */
  @FunctionalInterface
  private interface SizedOperation {
    void run(Sized sized, int number) throws IOException;
  }

  private void sizes() throws IOException {
    Path seed = directory.resolve("seed");
    byte[] bytes = new byte[SEED_BYTES];
    new Random(2).nextBytes(bytes);
    try (BlockFile file = volume.open(seed, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(bytes), 0);
      file.syncAll();
    }
    List<Sized> all = new ArrayList<>();
    try {
      for (long size : SIZES) {
        Path own = directory.resolve("size" + size);
        volume.createDirectory(own);
        BoxHome home = BoxHome.open(HomeOptions.of(own.resolve("home")));
        all.add(new Sized(own, home, size));
        create(home, size);
        fill(home.path("web", BoxDisk.ROOT), seed, size);
      }
      compare("snapshot", all, (sized, n) -> sized.home().snapshot("web", "s" + n, ""));
      compare("clone", all, (sized, n) -> clone(sized.home(), "c" + n));
      compare(
          "export to a directory",
          all,
          (sized, n) ->
              sized.home().exportDirectory("web", "s1", sized.exported(n), new JobControl()));
      compare(
          "clone of a directory",
          all,
          (sized, n) ->
              sized
                  .home()
                  .cloneDirectory(
                      sized.exported(1), List.of("d" + n), IntakeLimits.DEFAULT, new JobControl()));
    } finally {
      for (Sized sized : all) {
        sized.home().close();
      }
    }
  }

  /** In turn, so that each size meets the same state of the JVM and of the machine. */
  private void compare(String what, List<Sized> all, SizedOperation operation) throws IOException {
    double[][] millis = new double[all.size()][rounds];
    for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
      for (int i = 0; i < all.size(); i++) {
        long start = System.nanoTime();
        all.get(i).run(operation, round + WARM_UP_ROUNDS + 1);
        if (round >= 0) {
          millis[i][round] = (System.nanoTime() - start) / 1e6;
        }
      }
    }
    double first = median(millis[0]);
    for (int i = 0; i < all.size(); i++) {
      double median = median(millis[i]);
      System.out.printf(
          Locale.ROOT,
          "%-40s %8.2f ms %6.2f x%n",
          what + " of " + (all.get(i).sizeBytes() >> 20) + " MiB",
          median,
          median / first);
    }
  }

  private void fill(Path path, Path seed, long sizeBytes) throws IOException {
    try (BlockFile source = volume.open(seed, OpenOptions.reading());
        DiskImage disk = open(path)) {
      for (long offset = 0; offset < sizeBytes; offset += SEED_BYTES) {
        long length = Math.min(SEED_BYTES, sizeBytes - offset);
        disk.copyFrom(offset, source, 0, length, Set.of(CopyMethod.REFLINK));
      }
    }
  }

  private static double[] times(int count, Operation before, Operation operation)
      throws IOException {
    double[] millis = new double[count];
    for (int number = 1; number <= count; number++) {
      before.run(number);
      long start = System.nanoTime();
      operation.run(number);
      millis[number - 1] = (System.nanoTime() - start) / 1e6;
    }
    return millis;
  }

  private static void print(String what, double[] millis) {
    int half = NEIGHBOURS / 2;
    print(what + " 10", median(Arrays.copyOfRange(millis, 9 - half, 10 + half)));
    print(
        what + " " + millis.length,
        median(Arrays.copyOfRange(millis, millis.length - NEIGHBOURS, millis.length)));
    print(what + ", the longest", Arrays.stream(millis).max().orElse(0));
  }

  private static void print(String what, double millis) {
    System.out.printf(Locale.ROOT, "%-40s %8.2f ms%n", what, millis);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
