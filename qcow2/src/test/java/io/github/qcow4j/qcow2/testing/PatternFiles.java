package io.github.qcow4j.qcow2.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The files that {@code qemu-io write -s} takes its data from: the same bytes for the same seed.
 *
 * <p>No length divides a cluster size, so that repeating one gives every cluster another content.
 */
final class PatternFiles {

  static final String FOLDER = "patterns";
  private static final int VARIANTS = 4;
  private static final String[] WORDS = {
    "cluster",
    "table",
    "refcount",
    "backing",
    "overlay",
    "guest",
    "host",
    "offset",
    "snapshot",
    "chain",
    "\n",
    "0"
  };

  private PatternFiles() {}

  /** Names of the files, relative to the folder. */
  static List<String> names() {
    List<String> names = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (int variant = 0; variant < VARIANTS; variant++) {
        names.add(name(kind, variant));
      }
    }
    return names;
  }

  static String name(Kind kind, int variant) {
    return kind.name().toLowerCase(java.util.Locale.ROOT) + "-" + variant + ".bin";
  }

  static String anyName(SplittableRandom random) {
    return name(anyKind(random), random.nextInt(VARIANTS));
  }

  static Kind anyKind(SplittableRandom random) {
    List<Kind> kinds = List.of(Kind.values());
    return kinds.get(random.nextInt(kinds.size()));
  }

  /** Length in bytes of the file, the same for every seed. */
  static int lengthBytes(Kind kind, int variant) {
    return 300_007 + 131_101 * variant + 7_001 * kind.number;
  }

  /** Writes all files below {@code root}. */
  static void writeAll(Path root, long seed) throws IOException {
    Path folder = Files.createDirectories(root.resolve(FOLDER));
    for (Kind kind : Kind.values()) {
      for (int variant = 0; variant < VARIANTS; variant++) {
        SplittableRandom random =
            new SplittableRandom(seed * 1_000_003 + kind.number * 31L + variant);
        Files.write(
            folder.resolve(name(kind, variant)), content(kind, lengthBytes(kind, variant), random));
      }
    }
  }

  private static byte[] content(Kind kind, int lengthBytes, SplittableRandom random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(lengthBytes + 20_000);
    while (out.size() < lengthBytes) {
      switch (kind) {
        case RANDOM -> addRandom(out, 4_096, random);
        case TEXT -> addWord(out, random);
        case MIXED -> addMixed(out, random);
        case SPARSE -> addSparse(out, random);
      }
    }
    return java.util.Arrays.copyOf(out.toByteArray(), lengthBytes);
  }

  private static void addMixed(ByteArrayOutputStream out, SplittableRandom random) {
    int end = out.size() + random.nextInt(100, 20_000);
    if (random.nextBoolean()) {
      addRandom(out, end - out.size(), random);
    }
    while (out.size() < end) {
      addWord(out, random);
    }
  }

  private static void addSparse(ByteArrayOutputStream out, SplittableRandom random) {
    out.writeBytes(new byte[512 * random.nextInt(1, 24)]);
    addRandom(out, random.nextInt(1, 1_500), random);
  }

  private static void addRandom(
      ByteArrayOutputStream out, int lengthBytes, SplittableRandom random) {
    byte[] bytes = new byte[lengthBytes];
    random.nextBytes(bytes);
    out.writeBytes(bytes);
  }

  private static void addWord(ByteArrayOutputStream out, SplittableRandom random) {
    out.writeBytes(WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.US_ASCII));
    out.write(' ');
  }

  /** How the bytes of a file look to a compressor and to a zero detector. */
  enum Kind {
    /** Cannot be compressed. */
    RANDOM(0),
    /** Compresses well. */
    TEXT(1),
    /** Stretches of both. */
    MIXED(2),
    /** Mostly zeros, in runs of whole and partial sectors. */
    SPARSE(3);

    private final int number;

    Kind(int number) {
      this.number = number;
    }
  }
}
