package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** The sound images that hostile ones are made from. This program makes them itself. */
enum Ground {
  /** Clusters of every kind, two snapshots and two bitmaps. */
  FULL("compat=1.1"),
  /** The oldest version, with snapshots. */
  VERSION_2("compat=0.10", "bitmap --", "amend -o lazy_refcounts", "convert -O qcow2 --bitmaps") {
    @Override
    Set<Part> parts() {
      return Set.of(Part.SNAPSHOTS);
    }
  },
  /** The smallest clusters, so that there are several L2 tables and refcount blocks. */
  SMALL_CLUSTERS("cluster_size=512"),
  /** The largest clusters. */
  LARGE_CLUSTERS("cluster_size=2M"),
  /** The most counters in the least storage, of a disk and nothing beside it. */
  NARROW_COUNTERS("cluster_size=2M,refcount_bits=1", "snapshot -c", "amend -o compat=0.10") {
    @Override
    Set<Part> parts() {
      return Set.of();
    }
  },
  /** Extended L2 entries. */
  SUBCLUSTERS("extended_l2=on", "amend -o compat=0.10"),
  /** Nothing but compressed clusters. */
  ZSTD("compression_type=zstd", "amend -o compat=0.10", "map IMAGE"),
  /** The same with zlib. */
  ZLIB("compression_type=zlib", "map IMAGE"),
  /** One compressed disk, and nothing beside it. */
  PLAIN("compression_type=zlib") {
    @Override
    Set<Part> parts() {
      return Set.of();
    }
  },
  /** As many bitmaps as there may be, with names as long as a directory of them has room for. */
  MANY_BITMAPS("cluster_size=512") {
    @Override
    Path make(Path directory, Path raw) {
      Path image = directory.resolve(name() + ".qcow2");
      Path _ = super.make(directory, raw);
      List<BitmapChange> all = new ArrayList<>();
      // Two are there.
      for (int i = 2; i < BITMAPS; i++) {
        all.add(new BitmapChange.Add("b" + i + "x".repeat(990), 0));
      }
      try (DiskImage disk =
          DiskImages.open(
              Volumes.host(),
              image,
              ReferencePolicy.deny(),
              ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
        ((Qcow2Image) disk).changeBitmaps(all);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return image;
    }
  };

  /** Longer than every table that the limits allow. */
  static final long FAR_BYTES = 1L << 40;

  static final int SIZE_BYTES = 1 << 20;

  /** What is written again after the first snapshot, as it was. */
  private static final int WRITTEN_BYTES = 2 * 4096;

  private static final byte FILL = 9;

  private static final int DATA_BYTES = 200 << 10;

  private static final int BITMAPS = 65_535;

  private final String options;

  @SuppressWarnings("ImmutableEnumChecker") // Never changed.
  private final String[] unsuited;

  Ground(String options, String... unsuited) {
    this.options = options;
    this.unsuited = unsuited;
  }

  /** What it has beside its disk. */
  Set<Part> parts() {
    return Set.of(Part.SNAPSHOTS, Part.BITMAPS);
  }

  /** Beginnings of commands that cannot be done on an image of this kind, however sound it is. */
  String[] unsuited() {
    return unsuited;
  }

  private boolean isCompressed() {
    return options.startsWith("compression_type");
  }

  /** What an image is made with. */
  String options() {
    return options;
  }

  /** Makes the image in {@code directory}, where there is a raw disk of the name given. */
  Path make(Path directory, Path raw) {
    Path image = directory.resolve(name() + ".qcow2");
    String file = image.toString();
    List<String> convert = new ArrayList<>(List.of("convert", "-f", "raw", "-O", "qcow2"));
    if (isCompressed()) {
      convert.add("-c");
    }
    convert.addAll(List.of("-o", options, raw + "", file));
    run(convert.toArray(String[]::new));
    if (parts().contains(Part.SNAPSHOTS)) {
      run("snapshot", "-c", "first", file);
      if (!isCompressed()) {
        run("bench", "-w", "--pattern=" + FILL, "-c", "2", "-s", "4096", "-f", "qcow2", file);
      }
      run("snapshot", "-c", "second", file);
    }
    if (parts().contains(Part.BITMAPS)) {
      run("bitmap", "--add", file, "b0");
      run("bitmap", "--add", file, "b1");
    }
    return image;
  }

  /** A raw disk whose first clusters hold data that shrinks to about half. */
  static Path raw(Path directory) throws IOException {
    byte[] content = new byte[SIZE_BYTES];
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < DATA_BYTES; i++) {
      content[i] = (byte) (i < WRITTEN_BYTES || i / 64 % 2 == 0 ? FILL : random.nextInt());
    }
    return Files.write(directory.resolve("sound.raw"), content);
  }

  private static void run(String... arguments) {
    OurRun run = OurRun.asQemuImg(List.of(arguments));
    assertThat(run.exitCode()).as("%s", run).isZero();
  }
}
