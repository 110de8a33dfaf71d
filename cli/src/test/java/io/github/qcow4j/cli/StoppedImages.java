package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Small images of every role that a job can stop at, and what is seen of them.
 *
 * @param directory where they are
 */
record StoppedImages(Path directory) {

  static final String LEAKING = "leaking.qcow2";

  private static final String BASE = "base.qcow2";
  private static final String TOP = "top.qcow2";
  private static final int CLUSTER_BYTES = 4096;
  private static final int DISK_BYTES = 64 * CLUSTER_BYTES;

  /** An overlay and its copy, the base of both, another one, and an image that leaks clusters. */
  void make() throws IOException {
    for (String base : List.of(BASE, "other.qcow2", LEAKING)) {
      create(base);
      write(base, base.length(), 24);
    }
    create("-b", BASE, "-F", "qcow2", TOP);
    write(TOP, 3, 12);
    Files.copy(directory.resolve(TOP), directory.resolve("same.qcow2"));
    // Nothing refers to them.
    Path _ = ImageSurgeon.operate(directory.resolve(LEAKING), surgeon -> surgeon.appendClusters(8));
  }

  private void create(String... words) {
    OurRun run =
        OurRun.asQcow4j(
            Stream.of(
                    Stream.of("create", "-q", "-f", "qcow2", "-o", "cluster_size=" + CLUSTER_BYTES),
                    Stream.of(words).limit(words.length - 1),
                    Stream.of(
                        directory.resolve(words[words.length - 1]).toString(), "" + DISK_BYTES))
                .flatMap(each -> each)
                .toArray(String[]::new));
    assertThat(run.exitCode()).as("%s", run).isZero();
  }

  private void write(String image, long seed, int pieces) throws IOException {
    Random random = new Random(seed);
    byte[] bytes = new byte[CLUSTER_BYTES];
    try (DiskImage disk = open(image)) {
      for (int piece = 0; piece < pieces; piece++) {
        random.nextBytes(bytes);
        long offset = 512L * random.nextInt((DISK_BYTES - CLUSTER_BYTES) / 512);
        disk.write(offset, ByteBuffer.wrap(bytes));
      }
    }
  }

  private DiskImage open(String image) throws IOException {
    ImageFormat format = image.endsWith(".raw") ? ImageFormat.RAW : ImageFormat.QCOW2;
    return DiskImages.open(
        Volumes.host(),
        directory.resolve(image),
        ReferencePolicy.allow(),
        ImageOptions.of(format).withWriting());
  }

  /** Makes the directory one with copies of all that another has. */
  void copyFrom(StoppedImages other) throws IOException {
    Files.createDirectory(directory);
    for (String name : other.names()) {
      Files.copy(other.directory.resolve(name), directory.resolve(name));
    }
  }

  void remove() throws IOException {
    for (String name : names()) {
      Files.delete(directory.resolve(name));
    }
    Files.delete(directory);
  }

  List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  /** What a guest reads, by name. Each is opened for writing, as whoever goes on with it does. */
  Map<String, Long> contents() throws IOException {
    Map<String, Long> contents = new TreeMap<>();
    for (String name : names()) {
      try (DiskImage disk = open(name)) {
        byte[] bytes = new byte[(int) disk.virtualSize()];
        disk.read(0, ByteBuffer.wrap(bytes));
        CRC32C digest = new CRC32C();
        digest.update(bytes);
        contents.put(name, digest.getValue());
      }
    }
    return contents;
  }

  /** What is said of all images but how much storage they take, and of snapshots when. */
  String described() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String name : names()) {
      text.append(
          OurRun.asQcow4j("info", "--output=json", directory.resolve(name).toString())
              .stdout()
              .replace(directory.toString(), "@")
              .replaceAll("\"(actual-size|date-n?sec)\": [0-9]+", ""));
    }
    return text.toString();
  }

  /**
   * Fails unless a check finds nothing.
   *
   * @param mayLeak those in which it may find leaks
   */
  void requireClean(Collection<String> mayLeak) throws IOException {
    for (String name : names()) {
      if (name.endsWith(".qcow2")) {
        OurRun check = OurRun.asQcow4j("check", directory.resolve(name).toString());
        assertThat(check.exitCode()).as("%s", check).isIn(0, mayLeak.contains(name) ? 3 : 0);
      }
    }
  }
}
