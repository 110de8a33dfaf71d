package io.github.qcow4j.cli.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The commands that make the images of a random {@link TwinSequence}: a base, raw or not, and an
 * overlay; compressed, with another file for its data, with snapshots and bitmaps, or damaged.
 */
final class TwinSetup {

  /** Where QEMU puts refcounts and the L1 table of a small image, in clusters. */
  private static final int REFCOUNT_BLOCK = 2;

  private static final int L1_TABLE = 3;

  private static final int FIRST_DAMAGED = 4;
  private static final int DAMAGED_END = 16;

  private final Random random;
  private final List<String> lines = new ArrayList<>();

  private TwinSetup(Random random) {
    this.random = random;
  }

  /** Lines for a shell that make sound images. */
  static List<String> sound(String base, Random random) {
    TwinSetup setup = new TwinSetup(random);
    if (base.endsWith(".raw")) {
      setup.raw(base);
    } else {
      setup.qcow2(base, "");
    }
    setup.qcow2("top.qcow2", "-b " + base + " -F " + format(base) + " ");
    return List.copyOf(setup.lines);
  }

  /** Lines for a shell that make an image with wrong refcounts and an overlay over it. */
  static List<String> damaged(String base, Random random) {
    TwinSetup setup = new TwinSetup(random);
    int clusterBytes = 4096 << random.nextInt(5);
    long size = setup.size();
    setup.create(base, "cluster_size=" + clusterBytes, "", size);
    // QEMU looks at no refcount past the end of the file, and ours makes the file longer.
    setup.lines.add("qemu-io -f raw -c 'truncate " + DAMAGED_END * clusterBytes + "' " + base);
    setup.io(base, TwinChains.writes(size, random, true));
    setup.create("top.qcow2", "cluster_size=65536", "-b " + base + " -F qcow2 ", size);
    for (int i = 0; i <= random.nextInt(3); i++) {
      setup.lines.add("qemu-io -f raw -c '" + setup.damage(clusterBytes) + "' " + base);
    }
    return List.copyOf(setup.lines);
  }

  static String format(String image) {
    return image.endsWith(".raw") ? "raw" : "qcow2";
  }

  private long size() {
    return 512L * (1 + random.nextInt(6000));
  }

  private void raw(String name) {
    long size = size();
    lines.add("qemu-img create -q -f raw " + name + " " + size);
    for (String write : TwinChains.writes(size, random, false)) {
      lines.add("qemu-io -f raw -c '" + write + "' " + name);
    }
  }

  private void qcow2(String name, String backing) {
    long size = size();
    String options = TwinChains.options(random);
    boolean old = options.contains("compat=0.10");
    boolean outside = !old && random.nextInt(5) == 0;
    if (!old && random.nextInt(4) == 0) {
      options += ",compression_type=zstd";
    }
    if (outside) {
      options += ",data_file=" + name + ".data";
      if (backing.isEmpty() && random.nextBoolean()) {
        options += ",data_file_raw=on";
      }
    }
    create(name, options, backing, size);
    if (!outside) {
      compressed(name, options, size);
    }
    io(name, TwinChains.writes(size, random, true));
    if (!outside && !options.matches(".*refcount_bits=1(,.*)?")) {
      history(name, size, old);
    }
  }

  private void create(String name, String options, String backing, long size) {
    lines.add("qemu-img create -q -f qcow2 -o " + options + " " + backing + name + " " + size);
  }

  private void io(String name, List<String> writes) {
    for (String write : writes) {
      lines.add("qemu-io -f qcow2 -c '" + write + "' " + name);
    }
  }

  /** Before other writes: a cluster that has storage is not written compressed. */
  private void compressed(String name, String options, long size) {
    int clusterBytes = Integer.parseInt(options.replaceAll("cluster_size=([0-9]+).*", "$1"));
    long clusters = size / clusterBytes;
    if (clusters > 0 && random.nextInt(3) == 0) {
      long from = random.nextLong(clusters) * clusterBytes;
      io(name, List.of("write -c -P 77 " + from + " " + clusterBytes));
    }
  }

  private void history(String name, long size, boolean old) {
    if (random.nextInt(4) == 0) {
      lines.add("qemu-img snapshot -c n0 " + name);
      io(name, List.of(TwinChains.writes(size, random, true).getFirst()));
    }
    if (!old && random.nextInt(4) == 0) {
      lines.add("qemu-img bitmap --add -g 65536 " + name + " n1");
      io(name, List.of(TwinChains.writes(size, random, true).getFirst()));
    }
  }

  /** A refcount that is too high or too low, or the sign of an L2 table that it has one owner. */
  private String damage(int clusterBytes) {
    int refcountBytes = 2;
    int cluster = FIRST_DAMAGED + random.nextInt(DAMAGED_END - FIRST_DAMAGED);
    return random.nextInt(4) == 0
        ? "write -P 0 " + L1_TABLE * clusterBytes + " 1"
        : "write -P "
            + random.nextInt(3)
            + " "
            + (REFCOUNT_BLOCK * clusterBytes + refcountBytes * cluster + 1)
            + " 1";
  }
}
