package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random images of a seed, written by QEMU, in two directories that hold the same: one for {@code
 * qemu-img}, one for us.
 *
 * @param theirs the directory that qemu-img works in
 * @param ours the directory that we work in
 */
record TwinChains(Path theirs, Path ours) {

  private static final int SECTOR = 512;

  /** Two empty directories below {@code parent}. */
  static TwinChains in(Path parent) {
    try {
      return new TwinChains(
          Files.createDirectories(parent.resolve("theirs")),
          Files.createDirectories(parent.resolve("ours")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private QemuTools qemu() {
    return QemuTools.require().in(theirs);
  }

  /** A raw image with random ranges of data. */
  void raw(String name, long sizeBytes, Random random) {
    qemu().img("create", "-q", "-f", "raw", name, Long.toString(sizeBytes)).orFail();
    List<String> writes = writes(sizeBytes, random, false);
    qemu().ioFormat("raw", theirs.resolve(name), writes.toArray(String[]::new));
  }

  /** A qcow2 image, over another one or not, with random ranges of data, zeros and nothing. */
  void qcow2(String name, String options, String backing, long sizeBytes, Random random) {
    List<String> command = new ArrayList<>(List.of("create", "-q", "-f", "qcow2"));
    if (!options.isEmpty()) {
      command.addAll(List.of("-o", options));
    }
    if (!backing.isEmpty()) {
      String format = backing.endsWith(".raw") ? "raw" : "qcow2";
      command.addAll(List.of("-b", backing, "-F", format));
    }
    command.addAll(List.of(name, Long.toString(sizeBytes)));
    qemu().img(command).orFail();
    List<String> writes = writes(sizeBytes, random, true);
    qemu().io(theirs.resolve(name), writes.toArray(String[]::new));
  }

  /** Writes some more to a qcow2 image. */
  void write(String name, Random random) {
    Path image = theirs.resolve(name);
    long sizeBytes =
        Long.parseLong(
            qemu().infoJson(image).replaceAll("(?s).*\"virtual-size\": ([0-9]+).*", "$1"));
    qemu().io(image, writes(sizeBytes, random, true).toArray(String[]::new));
  }

  /** Options of a random qcow2 image. */
  static String options(Random random) {
    int clusterBits = 9 + random.nextInt(9);
    boolean extended = clusterBits >= 14 && random.nextInt(3) == 0;
    boolean old = !extended && random.nextInt(4) == 0;
    String options = "cluster_size=" + (1 << clusterBits);
    if (old) {
      return options + ",compat=0.10";
    }
    return options
        + ",extended_l2="
        + (extended ? "on" : "off")
        + ",refcount_bits="
        + (1 << random.nextInt(7));
  }

  static List<String> writes(long sizeBytes, Random random, boolean qcow2) {
    List<String> writes = new ArrayList<>();
    int count = 1 + random.nextInt(10);
    for (int i = 0; i < count; i++) {
      long from = random.nextLong(sizeBytes / SECTOR);
      long length = 1 + random.nextLong(Math.min(sizeBytes / SECTOR - from, 600));
      String kind =
          switch (random.nextInt(qcow2 ? 6 : 4)) {
            case 0 -> "write -z";
            case 1 -> "discard";
            default -> "write -P " + (random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(255));
          };
      writes.add(kind + " " + from * SECTOR + " " + length * SECTOR);
    }
    return writes;
  }

  /** Makes our directory a copy of theirs, with the same holes, which a map shows. */
  void copy() {
    try {
      for (Path old : files(ours)) {
        Files.delete(old);
      }
      copyThereAndBack(theirs, ".", ours);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Names data files by their whole names in the images of both: a relative name counts from the
   * working directory, and ours is another one.
   */
  void nameDataFiles(List<String> setup) {
    for (String line : setup) {
      if (line.contains("data_file=")) {
        String image = line.replaceAll(".*data_file=([^ ,]+)\\.data.*", "$1");
        nameDataFile(theirs, image);
        nameDataFile(ours, image);
      }
    }
  }

  private void nameDataFile(Path directory, String image) {
    qemu()
        .in(directory)
        .img("amend", "-o", "data_file=" + directory.resolve(image + ".data"), image)
        .orFail();
  }

  /** Makes their image a copy of ours, with the file that holds its data. */
  void replaceTheirs(String name) {
    try {
      copyThereAndBack(ours, name, theirs);
      if (Files.exists(ours.resolve(name + ".data"))) {
        copyThereAndBack(ours, name + ".data", theirs);
        nameDataFile(theirs, name);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy may have holes where the first one has zeros, and as a copy of it that one has too. */
  private static void copyThereAndBack(Path from, String name, Path to) throws IOException {
    copy(from.resolve(name), to);
    copy(to.resolve(name), from);
  }

  private static void copy(Path from, Path directory) throws IOException {
    List<String> command =
        List.of("cp", "-r", "--sparse=auto", from.toString(), directory.toString());
    try {
      if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
        throw new IOException(String.join(" ", command));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while copying " + from, e);
    }
  }

  /** Removes all images. */
  void clear() {
    try {
      for (Path directory : List.of(theirs, ours)) {
        for (Path file : files(directory)) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.toList();
    }
  }

  /** What a guest sees of an image, as a raw file beside it. */
  Path content(Path directory, String name) {
    Path raw = directory.resolve(name + ".content");
    String format = name.endsWith(".raw") ? "raw" : "qcow2";
    QemuTools.require().convertToRaw(directory.resolve(name), format, raw);
    return raw;
  }

  /** What a guest sees of an image. */
  byte[] bytes(Path directory, String name) {
    try {
      return Files.readAllBytes(content(directory, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      deleteContent(name);
    }
  }

  /** Fails unless a guest sees the same of our image as of theirs. */
  void requireSameContent(String name) {
    Path left = content(theirs, name);
    Path right = content(ours, name);
    if (!QemuTools.require().rawFilesEqual(left, right)) {
      throw new AssertionError("content of " + name + " differs: " + diff(left, right));
    }
    deleteContent(name);
  }

  void deleteContent(String name) {
    try {
      Files.deleteIfExists(theirs.resolve(name + ".content"));
      Files.deleteIfExists(ours.resolve(name + ".content"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String diff(Path left, Path right) {
    ToolRun run =
        QemuTools.require()
            .img("compare", "-f", "raw", "-F", "raw", left.toString(), right.toString());
    return run.stdout();
  }
}
