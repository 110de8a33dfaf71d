package io.github.qcow4j.benchmarks.material;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Images with real content in a directory of their own, which goes when they are closed. */
public final class Images implements Closeable {

  private static final int OVERLAYS = 3;
  private static final int WRITES_PER_OVERLAY = 60;
  private static final long SEED_BYTES = 1L << 30;

  private final Path directory;
  private final long sizeBytes;
  private final boolean sharing;
  private final Program qemuImg = Program.require("qemu-img");
  private final Program qemuIo = Program.require("qemu-io");

  private Images(Path directory, long sizeBytes, boolean sharing) {
    this.directory = directory;
    this.sizeBytes = sizeBytes;
    this.sharing = sharing;
  }

  /**
   * A directory for images.
   *
   * @param parent where to make it
   * @param sizeBytes the size of their disks, whole MiB
   */
  public static Images in(Path parent, long sizeBytes) throws IOException {
    return new Images(Files.createTempDirectory(parent, "qcow4j-benchmark"), sizeBytes, false);
  }

  /**
   * The same where storage can be shared: the content is one GiB, over and over, and it is there
   * once for all images that are not compressed.
   */
  public static Images sharingIn(Path parent, long sizeBytes) throws IOException {
    return new Images(Files.createTempDirectory(parent, "qcow4j-benchmark"), sizeBytes, true);
  }

  /** Where they are. */
  public Path directory() {
    return directory;
  }

  /** The size of their disks. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** The content, as a raw image. */
  public Path raw() throws IOException {
    Path path = directory.resolve("content.raw");
    if (!Files.exists(path)) {
      FileContent.write(path, sharing ? Math.min(SEED_BYTES, sizeBytes) : sizeBytes);
    }
    if (sharing && Files.size(path) < sizeBytes) {
      repeat(path);
    }
    return path;
  }

  private void repeat(Path path) throws IOException {
    try (BlockFile file = Volumes.host().open(path, OpenOptions.writing())) {
      file.sync();
      for (long done = SEED_BYTES; done < sizeBytes; done += SEED_BYTES) {
        if (!file.cloneRange(file, 0, done, Math.min(SEED_BYTES, sizeBytes - done))) {
          throw new IOException(path + ": the file system does not share storage");
        }
      }
    }
  }

  /** Nothing but zeros, stored as data. */
  public Path zeros() throws IOException {
    Path path = directory.resolve("zeros.raw");
    if (!Files.exists(path)) {
      qemuImg.run(
          List.of(
              "create",
              "-q",
              "-f",
              "raw",
              "-o",
              "preallocation=full",
              path.toString(),
              Long.toString(sizeBytes)));
    }
    return path;
  }

  /** The content in clusters as they are. */
  public Path plain() throws IOException {
    return sharing ? shared("plain.qcow2") : converted("plain.qcow2");
  }

  /** The content in zlib clusters. */
  public Path zlib() throws IOException {
    return converted("zlib.qcow2", "-c");
  }

  /** The content in zstd clusters. */
  public Path zstd() throws IOException {
    return converted("zstd.qcow2", "-c", "-o", "compression_type=zstd");
  }

  /**
   * The top of a chain of four: the content, and three overlays that each write over some sixty
   * megabytes, here and there, by the megabyte and by the cluster.
   */
  public Path chain() throws IOException {
    Path below = plain();
    for (int layer = 1; layer <= OVERLAYS; layer++) {
      Path overlay = directory.resolve("overlay" + layer + ".qcow2");
      if (!Files.exists(overlay)) {
        qemuImg.run(
            List.of(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "qcow2",
                "-b",
                below.toString(),
                overlay.toString()));
        qemuIo.run(writes(layer, overlay));
      }
      below = overlay;
    }
    return below;
  }

  private List<String> writes(int layer, Path overlay) {
    long sizeMib = sizeBytes >> 20;
    List<String> arguments = new ArrayList<>();
    for (int i = 0; i < WRITES_PER_OVERLAY; i++) {
      long offsetMib = (i * 17L + layer * 5L) % sizeMib;
      arguments.add("-c");
      arguments.add("write -q -P " + (layer * 50 + i % 50) + " " + offsetMib + "M 1M");
      arguments.add("-c");
      arguments.add("write -q -P 7 " + ((offsetMib + 7) % sizeMib * 1024 + 512) + "k 64k");
    }
    arguments.add(overlay.toString());
    return arguments;
  }

  /** A disk of its own size without content, every cluster of it mapped to a place in the file. */
  public Path mapped(long diskBytes) throws IOException {
    Path path = directory.resolve("mapped-" + diskBytes + ".qcow2");
    if (!Files.exists(path)) {
      qemuImg.run(
          List.of(
              "create",
              "-q",
              "-f",
              "qcow2",
              "-o",
              "preallocation=metadata",
              path.toString(),
              Long.toString(diskBytes)));
    }
    return path;
  }

  /**
   * By our own means: of a large disk, qemu-img -C was seen to copy what goes from raw to qcow2.
   */
  private Path shared(String name) throws IOException {
    Path path = directory.resolve(name);
    if (!Files.exists(path)) {
      Volume volume = Volumes.host();
      ImageOptions raw = ImageOptions.of(ImageFormat.RAW);
      try (DiskImage disk = DiskImages.open(volume, raw(), ReferencePolicy.deny(), raw);
          ConvertTarget target =
              Qcow2Targets.create(
                  volume, path, ImageSpec.ofSize(sizeBytes), null, Qcow2Targets.Storage.PLAIN)) {
        Conversion.run(
            List.of(disk),
            target,
            ConvertOptions.DEFAULT,
            new JobControl(),
            (offset, length, cause) -> {});
      }
    }
    return path;
  }

  private Path converted(String name, String... options) throws IOException {
    Path path = directory.resolve(name);
    if (!Files.exists(path)) {
      List<String> arguments = new ArrayList<>(List.of("convert", "-m", "16", "-W"));
      arguments.addAll(List.of("-f", "raw", "-O", "qcow2"));
      arguments.addAll(List.of(options));
      arguments.addAll(List.of(raw().toString(), path.toString()));
      qemuImg.run(arguments);
    }
    return path;
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
