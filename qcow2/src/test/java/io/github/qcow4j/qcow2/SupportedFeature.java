package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The rows of README's table of features. What a row says is found out by doing it to images that
 * QEMU made: looking at them, and comparing every byte with what QEMU reads.
 */
enum SupportedFeature {
  VERSIONS(
      "versions 2 and 3",
      bench -> Stream.of("compat=0.10", "compat=1.1").map(options -> plain(bench, options))),
  CLUSTER_SIZES(
      "cluster sizes from 512 bytes to 2 MiB",
      bench ->
          IntStream.rangeClosed(9, 21)
              .mapToObj(bits -> plain(bench, "cluster_size=" + (1 << bits)))),
  REFCOUNT_WIDTHS(
      "refcounts of 1 to 64 bits",
      bench ->
          IntStream.rangeClosed(0, 6)
              .mapToObj(order -> plain(bench, "refcount_bits=" + (1 << order)))),
  DEFLATE("clusters compressed with deflate", bench -> compressed(bench, "zlib")),
  ZSTD("clusters compressed with zstd", bench -> compressed(bench, "zstd")),
  ODD_STREAMS(
      "compressed clusters across cluster borders, at an unpadded end, before garbage",
      bench ->
          specials(
              bench,
              "zlib-across-host-clusters",
              "zstd-across-host-clusters",
              "zlib-unpadded-eof",
              "zstd-unpadded-eof",
              "zlib-garbage-after-stream",
              "zstd-garbage-after-stream")),
  ZERO_CLUSTERS(
      "zero clusters, with and without a place",
      bench -> specials(bench, "stale-data-under-zeros", "preallocated-zeros-with-stale-bytes")),
  PREALLOCATION(
      "preallocated images",
      bench ->
          Stream.of("metadata", "falloc", "full")
              .map(mode -> plain(bench, "preallocation=" + mode))),
  EXTENDED_L2(
      "extended L2 entries (subclusters)",
      bench ->
          specials(
              bench,
              "subclusters-of-every-kind",
              "subclusters-reserved",
              "compressed-extended-l2")),
  DATA_FILE(
      "external data files, raw ones too",
      bench ->
          Stream.of("", ",data_file_raw=on")
              .map(raw -> plain(bench, "data_file=" + bench.path("guest.data") + raw))),
  BACKING_CHAINS(
      "backing chains of qcow2 and raw images, in any mix of cluster sizes",
      bench ->
          Stream.concat(
              specials(bench, "parent-with-bigger-clusters", "parent-with-smaller-clusters"),
              Stream.of(overRaw(bench)))),
  BACKING_SIZES(
      "backing files shorter and longer than the overlay",
      bench -> Stream.of(512 << 10, 2 << 20).map(size -> overOther(bench, size))),
  SNAPSHOTS(
      "internal snapshots, each as a disk of its own",
      bench -> specials(bench, "snapshots-40", "snapshot-of-compressed-clusters")) {
    @Override
    void prove(DiskImage disk) throws IOException {
      for (var snapshot : ((Qcow2Image) disk).snapshots()) {
        Path raw = disk.path().resolveSibling("snapshot.raw");
        QemuTools.require()
            .convertToRaw(disk.path(), "qcow2", raw, "-l", "snapshot.id=" + snapshot.id());
        assertThat(contentOf(((Qcow2Image) disk).openSnapshot(snapshot)))
            .isEqualTo(Files.readAllBytes(raw));
      }
    }
  },
  BITMAPS(
      "images with bitmaps, which are listed",
      bench -> specials(bench, "bitmaps-several", "bitmap-in-use")) {
    @Override
    void prove(DiskImage disk) {
      assertThat(((Qcow2Image) disk).bitmaps()).isNotEmpty();
    }
  },
  NOT_CLOSED(
      "images left dirty or marked corrupt",
      bench -> specials(bench, "dirty-bit", "corrupt-bit", "lazy-refcounts-after-a-kill")),
  UNKNOWN_EXTENSIONS(
      "unknown header extensions and fields, which are kept",
      bench -> specials(bench, "unknown-extensions", "header-152", "unknown-compatible-bit")),
  LUKS("LUKS encryption", bench -> specials(bench, "luks")),
  AES("AES encryption (legacy)", bench -> specials(bench, "aes")),
  UNKNOWN_FEATURES(
      "incompatible features that are not known, such as one named \"time travel\"",
      bench -> specials(bench, "named-incompatible-bit"));

  private static final int SIZE = 1 << 20;

  private final String text;

  @SuppressWarnings("ImmutableEnumChecker")
  private final Function<Workbench, Stream<Path>> images;

  SupportedFeature(String text, Function<Workbench, Stream<Path>> images) {
    this.text = text;
    this.images = images;
  }

  /** What must hold of an image of this feature besides its bytes. */
  void prove(DiskImage disk) throws IOException {}

  /** Makes the images in a new folder of {@code directory}, and finds out what the row must say. */
  String row(Path directory) throws IOException {
    Path folder = Files.createDirectories(directory.resolve(name()));
    List<Path> made = images.apply(Workbench.in(folder)).toList();
    assertThat(made).isNotEmpty();
    return "| "
        + text
        + " | "
        + ofAll(made, this::inspect)
        + " | "
        + ofAll(made, this::read)
        + " |";
  }

  @FunctionalInterface
  private interface Attempt {
    void at(Path image) throws IOException;
  }

  /** What holds of all images, which must be the same. */
  private String ofAll(List<Path> made, Attempt attempt) throws IOException {
    List<String> outcomes = new java.util.ArrayList<>();
    for (Path image : made) {
      try {
        attempt.at(image);
        outcomes.add("yes");
      } catch (UnsupportedFeatureException e) {
        outcomes.add("refused: " + e.feature());
      }
    }
    assertThat(outcomes.stream().distinct()).as("%s of %s", name(), made).hasSize(1);
    return outcomes.getFirst();
  }

  private void inspect(Path image) throws IOException {
    try (DiskImage disk =
        DiskImages.open(VOLUME, image, ReferencePolicy.deny(), QCOW2.withMetadataOnly())) {
      String info = QemuTools.require().infoJson(image);
      assertThat(info).contains("\"virtual-size\": " + disk.virtualSize() + ",");
    }
  }

  private void read(Path image) throws IOException {
    try (DiskImage disk = open(image)) {
      assertThat(contentOf(disk)).as("%s", image).isEqualTo(contentByQemu(image));
      prove(disk);
    }
  }

  private static Stream<Path> specials(Workbench bench, String... names) {
    return Arrays.stream(names).map(name -> SpecialImages.named(name).build(bench.directory()));
  }

  private static Path plain(Workbench bench, String options) {
    bench.file("data", Workbench.randomBytes(300_007, 1));
    String name = options.replaceAll("[^a-z0-9]", "-");
    return bench.image(
        name.substring(0, Math.min(40, name.length())) + options.length() + ".qcow2",
        options,
        SIZE,
        "write -s data 12345 300007",
        "write -P 7 900k 50k");
  }

  private static Stream<Path> compressed(Workbench bench, String codec) {
    bench.file("data", Workbench.halfRandomBytes(300_007, 1));
    return Stream.of("512", "4k", "64k", "2M")
        .map(clusterSize ->
            bench.image(
                codec + clusterSize + ".qcow2",
                "compression_type=" + codec + ",cluster_size=" + clusterSize,
                SIZE,
                "write -c -s data 0 1M"));
  }

  private static Path overRaw(Workbench bench) {
    bench.file("base.raw", Workbench.randomBytes(SIZE, 2));
    Path top = bench.unsafeOverlay("over-raw.qcow2", "base.raw", "raw", SIZE);
    return bench.write(top, "write -P 1 100k 3k");
  }

  private static Path overOther(Workbench bench, int size) {
    bench.image("base" + size + ".qcow2", "", size, "write -P 66 0 " + size);
    Path top =
        bench.unsafeOverlay("over" + size + ".qcow2", "base" + size + ".qcow2", "qcow2", SIZE);
    return bench.write(top, "write -P 1 100k 3k");
  }
}
