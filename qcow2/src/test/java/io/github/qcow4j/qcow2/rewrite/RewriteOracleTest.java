package io.github.qcow4j.qcow2.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random images of QEMU's, with data, compressed clusters, zeros, bitmaps and a backing file, are
 * rewritten: QEMU finds them clean and reads the same from them, and every unit is of the kind that
 * it was, as far as the new units allow.
 */
class RewriteOracleTest {

  private static final long BASE_SEED = Long.getLong("qcow4j.seed", 20_261_120L);
  private static final int SEQUENCES = Integer.getInteger("qcow4j.rewrite.sequences", 24);
  private static final int SECTOR = 512;

  private final QemuTools qemu = QemuTools.require();
  private final Volume volume = Volumes.host();

  @TempDir private Path directory;

  @Test
  void whatAnImageHoldsIsKeptInKindAndContentAndWhatItLacksIsNotCopied() throws Exception {
    for (int i = 0; i < SEQUENCES; i++) {
      long seed = BASE_SEED + i;
      try {
        runSequence(new Random(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(
            "replay with -Dqcow4j.seed=" + seed + " -Dqcow4j.rewrite.sequences=1: " + e, e);
      }
    }
  }

  /**
   * A sector of the disk.
   *
   * @param kind what the image itself says of it, or null when it says nothing
   * @param zeros whether it reads as zeros without looking
   */
  private record Sector(Extent.@Nullable Kind kind, boolean zeros) {}

  /** What an image is, sector by sector, and besides. */
  private record State(Qcow2Header header, List<Sector> sectors, List<String> bitmaps) {}

  private void runSequence(Random random) throws Exception {
    Path image = directory.resolve("disk.qcow2");
    Path before = directory.resolve("before.raw");
    makeImage(image, random);
    for (int step = 0; step < 3; step++) {
      write(random, image);
      qemu.convertToRaw(image, "qcow2", before);
      State old = state(image);
      RewriteRequest request = request(random, old.header);
      if (step == 2 && request.others().equals(AmendRequest.NOTHING)) {
        // The last time, for QEMU spoils images with narrow refcounts when it compresses.
        int order = old.header.version() == 2 ? 4 : random.nextInt(7);
        request = request.with(AmendRequest.NOTHING.withRefcountOrder(order));
      }
      try (Qcow2Image disk = open(image, true)) {
        ImageRewrite.run(volume, disk, request, new JobControl());
      }
      qemu.assertCheckClean(image);
      assertThat(
              qemu.img("compare", "-f", "raw", "-F", "qcow2", before.toString(), image.toString())
                  .stdout())
          .as("%s", request)
          .isEqualTo("Images are identical.\n");
      requireKept(old, state(image), request);
    }
    Files.delete(image);
  }

  private void makeImage(Path image, Random random) throws IOException {
    long size = 512L * (1 + random.nextInt(8000));
    boolean old = random.nextInt(4) == 0;
    int clusterBits = 9 + random.nextInt(10);
    String options = "cluster_size=" + (1 << clusterBits);
    if (old) {
      options += ",compat=0.10";
    } else {
      options += ",refcount_bits=" + (16 << random.nextInt(3));
      options += random.nextBoolean() ? ",compression_type=zstd" : "";
      options += clusterBits >= 14 && random.nextBoolean() ? ",extended_l2=on" : "";
      options += random.nextInt(3) == 0 ? ",lazy_refcounts=on" : "";
    }
    List<String> command = new ArrayList<>(List.of("create", "-q", "-f", "qcow2", "-o", options));
    if (random.nextInt(3) > 0) {
      byte[] content = new byte[SECTOR * (1 + random.nextInt(8000))];
      for (int from = 0; from < content.length; from += 32 << 10) {
        if (random.nextBoolean()) {
          int end = Math.min(content.length, from + (32 << 10));
          Arrays.fill(content, from, end, (byte) (1 + random.nextInt(200)));
        }
      }
      Files.write(directory.resolve("base.raw"), content);
      command.addAll(List.of("-b", "base.raw", "-F", "raw"));
    }
    command.addAll(List.of(image.toString(), Long.toString(size)));
    qemu.img(command).orFail();
    if (!old && random.nextBoolean()) {
      String granularity = Integer.toString(1 << (9 + random.nextInt(9)));
      qemu.img("bitmap", "--add", "-g", granularity, image.toString(), "first").orFail();
      qemu.img("bitmap", "--add", "--disable", image.toString(), "second").orFail();
    }
  }

  private void write(Random random, Path image) throws IOException {
    long size;
    int clusterSize;
    try (Qcow2Image disk = open(image, false)) {
      size = disk.virtualSize();
      clusterSize = disk.header().clusterSize();
    }
    List<String> commands = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      long from = random.nextInt((int) (size / SECTOR)) * (long) SECTOR;
      long length = Math.min(size - from, SECTOR * (1L + random.nextInt(300)));
      String pattern = " -P " + (1 + random.nextInt(200)) + " ";
      long cluster = from & -clusterSize;
      switch (random.nextInt(5)) {
        case 0 -> commands.add("write -z " + from + " " + length);
        case 1 -> commands.add("write -z -u " + from + " " + length);
        case 2 -> {
          if (cluster + clusterSize <= size) {
            compress(image, pattern + cluster + " " + clusterSize, cluster + " " + clusterSize);
          }
        }
        default -> commands.add("write" + pattern + from + " " + length);
      }
    }
    qemu.io(image, commands.toArray(String[]::new));
  }

  /**
   * QEMU compresses nothing over a plain cluster, which may fail here; and when it has compressed
   * something, and then discarded it, it spoils the image, unless another process goes on.
   */
  private void compress(Path image, String write, String cluster) {
    qemu.ioRaw(
        List.of(
            "-t",
            "unsafe",
            "-f",
            "qcow2",
            "-c",
            "discard " + cluster,
            "-c",
            "write -c" + write,
            image.toString()));
  }

  private static RewriteRequest request(Random random, Qcow2Header header) {
    boolean old = header.version() == 2;
    boolean upgrading = old && random.nextBoolean();
    AmendRequest others = upgrading ? AmendRequest.NOTHING.withVersion(3) : AmendRequest.NOTHING;
    int clusterBits = 9 + random.nextInt(random.nextInt(4) == 0 ? 13 : 8);
    boolean extended = (!old || upgrading) && clusterBits >= 14 && random.nextBoolean();
    RewriteRequest request =
        RewriteRequest.SAME
            .withClusterBits(clusterBits)
            .withExtendedL2(extended)
            .withParallelism(1 + random.nextInt(4))
            .with(others);
    if (!old && random.nextBoolean()) {
      request =
          request
              .withCompressionType(
                  random.nextBoolean() ? CompressionType.ZSTD : CompressionType.ZLIB)
              .withCompressionLevel(1 + random.nextInt(9));
    }
    return request;
  }

  private State state(Path image) throws IOException {
    try (Qcow2Image disk = open(image, false)) {
      List<Sector> sectors = new ArrayList<>();
      ExtentWalk extents = disk.extents(0, disk.virtualSize());
      for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
        boolean own = extent.depth() == 0 && extent.kind() != Extent.Kind.UNALLOCATED;
        Sector sector = new Sector(own ? extent.kind() : null, extent.readsAsZeros());
        sectors.addAll(Collections.nCopies((int) (extent.lengthBytes() / SECTOR), sector));
      }
      List<String> bitmaps = new ArrayList<>();
      for (Bitmap bitmap : disk.bitmaps()) {
        bitmaps.add(told(disk, bitmap));
      }
      return new State(disk.header(), sectors, bitmaps);
    }
  }

  private static String told(Qcow2Image disk, Bitmap bitmap) throws IOException {
    DirtyBits bits = disk.loadBitmap(bitmap);
    StringBuilder text = new StringBuilder();
    text.append(bitmap.name()).append(' ').append(bitmap.granularityBits());
    text.append(bitmap.auto() ? " auto " : " disabled ").append(bitmap.inUse());
    for (long offset = 0; offset < disk.virtualSize(); offset += bitmap.granularityBytes()) {
      text.append(bits.get(offset) ? '1' : '0');
    }
    return text.toString();
  }

  private static void requireKept(State old, State now, RewriteRequest request) {
    Qcow2Header header = now.header;
    assertThat(header.clusterBits()).isEqualTo(request.clusterBits());
    assertThat(header.has(Feature.EXTENDED_L2)).isEqualTo(request.extendedL2());
    assertThat(header.compressionType())
        .isEqualTo(
            request.compressionType() == null
                ? old.header.compressionType()
                : request.compressionType());
    assertThat(header.virtualSize()).isEqualTo(old.header.virtualSize());
    Integer order = request.others().refcountOrder();
    assertThat(header.refcountOrder())
        .isEqualTo(order == null ? old.header.refcountOrder() : order);
    assertThat(header.backingFileName()).isEqualTo(old.header.backingFileName());
    assertThat(header.extensions().backingFormat())
        .isEqualTo(old.header.extensions().backingFormat());
    assertThat(header.has(Feature.LAZY_REFCOUNTS))
        .isEqualTo(old.header.has(Feature.LAZY_REFCOUNTS));
    assertThat(now.bitmaps).isEqualTo(old.bitmaps);
    requireKinds(old, now);
  }

  private static void requireKinds(State old, State now) {
    int clusterSectors = now.header.clusterSize() / SECTOR;
    int unitSectors = now.header.has(Feature.EXTENDED_L2) ? clusterSectors / 32 : clusterSectors;
    int size = old.sectors.size();
    for (int cluster = 0; cluster < size; cluster += clusterSectors) {
      List<Sector> held = old.sectors.subList(cluster, Math.min(size, cluster + clusterSectors));
      boolean packed = held.stream().anyMatch(sector -> sector.kind == Extent.Kind.COMPRESSED);
      for (int unit = 0; unit < held.size(); unit += unitSectors) {
        int end = Math.min(held.size(), unit + unitSectors);
        Extent.Kind expected = packed ? Extent.Kind.COMPRESSED : expected(held.subList(unit, end));
        for (int sector = cluster + unit; sector < cluster + end; sector++) {
          assertThat(now.sectors.get(sector).kind)
              .as("sector %d, new units of %d sectors", sector, unitSectors)
              .isEqualTo(expected);
        }
      }
    }
  }

  /** What a unit has to be of which the old image held this. */
  private static Extent.@Nullable Kind expected(List<Sector> held) {
    if (held.stream().allMatch(sector -> sector.kind == null)) {
      return null;
    }
    return held.stream().allMatch(Sector::zeros) ? Extent.Kind.ZERO : Extent.Kind.DATA;
  }

  private Qcow2Image open(Path image, boolean writing) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2);
    return (Qcow2Image)
        DiskImages.open(
            volume,
            image,
            ReferencePolicy.sameDirectory(),
            writing ? options.withWriting() : options);
  }
}
