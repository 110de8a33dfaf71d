package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * The sound image that most damages are done to: 1 MiB in clusters of 64 KiB, with one cluster of
 * every kind.
 *
 * <p>Guest clusters 0, 1, 2: data; 4: plain zero; 5: preallocated zero; 6: compressed, from halfway
 * random bytes; the rest is unallocated.
 */
final class DamagedBase {

  static final int CLUSTER_BYTES = 65_536;
  static final long DATA = 0;
  static final long MORE_DATA = CLUSTER_BYTES;
  static final long LAST_DATA = 2L * CLUSTER_BYTES;
  static final long FREE = 3L * CLUSTER_BYTES;
  static final long PLAIN_ZERO = 4L * CLUSTER_BYTES;
  static final long PREALLOCATED_ZERO = 5L * CLUSTER_BYTES;
  static final long COMPRESSED = 6L * CLUSTER_BYTES;

  private static final String IMAGE = "image.qcow2";

  /** Images by their options: QEMU needs five processes for one, and hundreds are wanted. */
  private static final Map<String, byte[]> MADE = new ConcurrentHashMap<>();

  private DamagedBase() {}

  /** A recipe for the base image with {@code edits} done to it. */
  static ImageRecipe edited(String name, String meaning, Consumer<ImageSurgeon> edits) {
    return with(name, meaning, "", edits);
  }

  /** The same, with other creation options. */
  static ImageRecipe with(
      String name, String meaning, String options, Consumer<ImageSurgeon> edits) {
    return new ImageRecipe(name, meaning, bench -> bench.operate(image(bench, options), edits));
  }

  static Path image(Workbench bench, String options) {
    bench.file("data", Workbench.halfRandomBytes(CLUSTER_BYTES, 7));
    if (options.contains("data_file")) {
      return made(bench, options);
    }
    byte[] before = MADE.get(options);
    if (before != null) {
      return bench.file(IMAGE, before);
    }
    Path image = made(bench, options);
    MADE.put(options, bytesOf(image));
    return image;
  }

  private static byte[] bytesOf(Path image) {
    try {
      return Files.readAllBytes(image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path made(Workbench bench, String options) {
    Path image =
        bench.image(
            IMAGE,
            options,
            1 << 20,
            "write -P 3 0 64k",
            "write -P 4 64k 64k",
            "write -P 5 320k 64k");
    if (!options.contains("0.10")) {
      bench.write(image, "write -z 256k 64k", "write -z 320k 64k");
    }
    if (!options.contains("data_file")) {
      bench.write(image, "write -c -s data 384k 64k");
    }
    return bench.write(image, "write -P 6 128k 64k");
  }
}
