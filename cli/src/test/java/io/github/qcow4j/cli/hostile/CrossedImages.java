package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.qcow2.testing.CompressedEntry;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;

/**
 * Makes images in which a few references lead where others lead too, to data, tables and the header
 * alike, and in which the counters and flags say so: nothing is wrong with them that a check finds.
 */
final class CrossedImages {

  /** What an image is made with, and how large its disk is. */
  private record Kind(String options, int sizeBytes, boolean bitmaps) {}

  private static final List<Kind> KINDS =
      List.of(
          new Kind("cluster_size=512", 256 << 10, true),
          new Kind("cluster_size=512,refcount_bits=64", 256 << 10, true),
          new Kind("cluster_size=1k,refcount_bits=8", 256 << 10, true),
          new Kind("cluster_size=4k,refcount_bits=32", 1 << 20, true),
          new Kind("cluster_size=4k,compat=0.10", 1 << 20, false),
          new Kind("cluster_size=16k,extended_l2=on", 1 << 20, true),
          new Kind("cluster_size=64k", 1 << 20, true),
          new Kind("cluster_size=64k,refcount_bits=2", 1 << 20, true));

  private static final List<Recount.Kind> REFERENCES = List.of(Recount.Kind.values());
  private static final int SECTOR_BYTES = 512;
  private static final int MOST_CROSSINGS = 3;

  private final Workbench bench;
  private final List<Path> sound = new ArrayList<>();

  CrossedImages(Workbench bench) {
    this.bench = bench;
    for (Kind kind : KINDS) {
      sound.add(sound(kind, "sound" + sound.size()));
    }
  }

  private Path sound(Kind kind, String name) {
    int part = kind.sizeBytes / 16;
    Path image =
        bench.image(
            name,
            kind.options,
            kind.sizeBytes,
            "write -P 1 0 " + 6 * part,
            "write -P 2 %d %d".formatted(9 * part, part));
    bench.snapshot(image, "one");
    bench.write(image, "write -P 3 0 " + 2 * part);
    if (!kind.options.contains("extended")) {
      bench.write(image, "write -c -P 4 %d %d".formatted(7 * part, part));
    }
    bench.snapshot(image, "two");
    bench.write(image, "write -P 5 %d %d".formatted(part, part), "write -z 0 4k");
    if (kind.bitmaps) {
      bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
      bench.write(image, "write -P 6 %d 4k".formatted(part));
      bench.qemu().img("bitmap", "--add", "-g", "512", image.toString(), "b1").orFail();
    }
    return image;
  }

  /**
   * Makes an image.
   *
   * @return whether all that it refers to could be counted; no check has been asked
   */
  boolean make(Random random, Path image) throws IOException {
    Path chosen = sound.get(random.nextInt(sound.size()));
    Files.copy(chosen, image, StandardCopyOption.REPLACE_EXISTING);
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      if (random.nextInt(4) == 0) {
        putTableIntoData(surgeon, random);
      }
      int crossings = 1 + random.nextInt(MOST_CROSSINGS);
      for (int i = 0; i < crossings; i++) {
        cross(surgeon, random);
      }
      return Recount.of(surgeon).store();
    } catch (IllegalStateException | IllegalArgumentException | ArithmeticException _) {
      // Where references lead nowhere there is nothing to count.
      return false;
    }
  }

  /** What the guest has written may look like a table. */
  private static void putTableIntoData(ImageSurgeon surgeon, Random random) {
    long cluster = surgeon.clusterOffset(0);
    if (cluster == 0) {
      return;
    }
    for (int i = 0; i < surgeon.clusterSizeBytes() / Long.BYTES; i++) {
      long entry = i % 2 == 0 && random.nextInt(8) == 0 ? anyCluster(surgeon, random) : 0;
      surgeon.setNumber(cluster + 8L * i, entry);
    }
  }

  private static void cross(ImageSurgeon surgeon, Random random) {
    Recount recount = Recount.of(surgeon);
    Recount.Kind kind =
        random.nextInt(5) < 3
            ? Recount.Kind.CLUSTER
            : REFERENCES.get(random.nextInt(REFERENCES.size()));
    List<Recount.Slot> slots = slots(recount, kind);
    if (slots.isEmpty()) {
      return;
    }
    long position = slots.get(random.nextInt(slots.size())).position();
    long target = target(surgeon, recount, kind, random);
    if (kind != Recount.Kind.CLUSTER) {
      surgeon.setNumber(position, target);
    } else if (random.nextInt(3) == 0) {
      setEntry(surgeon, position, stream(surgeon, recount, random), 0);
    } else if (!surgeon.extendedL2() && random.nextInt(5) == 0) {
      setEntry(surgeon, position, target | ImageSurgeon.ZERO, 0);
    } else {
      setEntry(surgeon, position, target, 0xffff_ffffL);
    }
  }

  private static void setEntry(ImageSurgeon surgeon, long position, long entry, long subclusters) {
    surgeon.setNumber(position, entry);
    if (surgeon.extendedL2()) {
      surgeon.setNumber(position + 8, subclusters);
    }
  }

  private static List<Recount.Slot> slots(Recount recount, Recount.Kind kind) {
    return recount.slots().stream().filter(slot -> slot.kind() == kind).toList();
  }

  /** Where a reference of its kind may lead without being nonsense at once, or anywhere. */
  private static long target(
      ImageSurgeon surgeon, Recount recount, Recount.Kind kind, Random random) {
    boolean data = kind == Recount.Kind.CLUSTER || kind == Recount.Kind.BITMAP_DATA;
    if (random.nextInt(data ? 2 : 8) == 0) {
      return anyCluster(surgeon, random);
    }
    List<Long> tables = new ArrayList<>();
    if (data || random.nextInt(4) == 0) {
      tables.add(surgeon.get(HeaderField.L1_TABLE_OFFSET));
      tables.add(surgeon.get(HeaderField.REFCOUNT_TABLE_OFFSET));
      tables.add(surgeon.get(HeaderField.SNAPSHOTS_OFFSET));
    }
    for (Recount.Slot slot : recount.slots()) {
      long offset = surgeon.number(slot.position()) & ImageSurgeon.OFFSET_MASK;
      boolean fits = data ? slot.kind() != Recount.Kind.CLUSTER : slot.kind() == kind;
      if (fits && offset != 0) {
        tables.add(offset);
      }
    }
    return tables.isEmpty()
        ? anyCluster(surgeon, random)
        : tables.get(random.nextInt(tables.size()));
  }

  private static long anyCluster(ImageSurgeon surgeon, Random random) {
    int clusters = (int) (surgeon.lengthBytes() >>> surgeon.clusterBits());
    return (long) random.nextInt(clusters) << surgeon.clusterBits();
  }

  /** An entry for a compressed cluster behind a structure; or for what is on any cluster. */
  private static long stream(ImageSurgeon surgeon, Recount recount, Random random) {
    List<Long> slack = recount.slack();
    long offset;
    if (slack.isEmpty() || random.nextInt(4) == 0) {
      offset = anyCluster(surgeon, random);
    } else {
      offset = slack.get(random.nextInt(slack.size()));
      surgeon.write(offset, stream(surgeon.clusterSizeBytes(), random));
    }
    return CompressedEntry.of(offset, SECTOR_BYTES).encode(surgeon.clusterBits());
  }

  private static byte[] stream(int clusterBytes, Random random) {
    byte[] content = new byte[clusterBytes];
    Arrays.fill(content, (byte) (16 + random.nextInt(16)));
    byte[] stream = new byte[SECTOR_BYTES];
    try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true)) {
      deflater.setInput(content);
      deflater.finish();
      int _ = deflater.deflate(stream);
    }
    return stream;
  }
}
