package io.github.qcow4j.qcow2.testing;

import io.github.qcow4j.qcow2.testing.LayerSpec.Codec;
import io.github.qcow4j.qcow2.testing.LayerSpec.DataFile;
import io.github.qcow4j.qcow2.testing.LayerSpec.Preallocation;
import java.util.List;
import java.util.SplittableRandom;

/** Draws creation options that QEMU accepts together. */
final class SpecChooser {

  private final Theme theme;
  private final SplittableRandom random;

  SpecChooser(Theme theme, SplittableRandom random) {
    this.theme = theme;
    this.random = random;
  }

  /** The layer that the image is named after. */
  LayerSpec top(int clusterBits, boolean overlay) {
    boolean version2 = theme == Theme.OLD_VERSION || (mayBeVersion2() && random.nextInt(6) == 0);
    if (version2) {
      return new LayerSpec(
          2,
          clusterBits,
          16,
          Codec.ZLIB,
          false,
          DataFile.NONE,
          overlay ? Preallocation.OFF : rarePreallocation(),
          false);
    }
    boolean extended = theme == Theme.EXTENDED_L2 || (clusterBits >= 14 && random.nextInt(8) == 0);
    int bits = extended && clusterBits < 14 ? 14 + clusterBits % 8 : clusterBits;
    return new LayerSpec(
        3,
        bits,
        refcountBits(),
        theme == Theme.ZSTD || (theme != Theme.COMPRESSED && random.nextInt(4) == 0)
            ? Codec.ZSTD
            : Codec.ZLIB,
        extended,
        dataFile(overlay),
        topPreallocation(overlay, extended),
        theme == Theme.LAZY_REFCOUNTS || random.nextInt(10) == 0);
  }

  /**
   * A backing layer: any version and cluster size, mostly small clusters to keep deep chains small.
   */
  LayerSpec parent(boolean overlay) {
    int clusterBits = random.nextInt(12) == 0 ? random.nextInt(17, 22) : random.nextInt(9, 17);
    if (random.nextInt(4) == 0) {
      return new LayerSpec(
          2, clusterBits, 16, Codec.ZLIB, false, DataFile.NONE, Preallocation.OFF, false);
    }
    boolean extended = clusterBits >= 14 && random.nextInt(3) == 0;
    Preallocation preallocation = overlay ? Preallocation.OFF : rarePreallocation();
    DataFile dataFile = random.nextInt(10) == 0 ? DataFile.PLAIN : DataFile.NONE;
    Codec codec = random.nextInt(3) == 0 ? Codec.ZSTD : Codec.ZLIB;
    return new LayerSpec(
        3, clusterBits, refcountBits(), codec, extended, dataFile, preallocation, false);
  }

  private boolean mayBeVersion2() {
    return switch (theme) {
      case PLAIN, COMPRESSED, PREALLOCATED, SNAPSHOTS, CHAIN, DEEP_CHAIN -> true;
      case OLD_VERSION, ZSTD, EXTENDED_L2, DATA_FILE, LAZY_REFCOUNTS, BITMAPS -> false;
    };
  }

  private int refcountBits() {
    int order = random.nextInt(3) == 0 ? 4 : random.nextInt(7);
    // QEMU refuses a snapshot that would push a counter past its maximum.
    return 1 << (theme == Theme.SNAPSHOTS ? Math.max(order, 3) : order);
  }

  private DataFile dataFile(boolean overlay) {
    if (theme != Theme.DATA_FILE) {
      return DataFile.NONE;
    }
    return overlay || random.nextBoolean() ? DataFile.PLAIN : DataFile.RAW;
  }

  private Preallocation topPreallocation(boolean overlay, boolean extended) {
    if (overlay) {
      return extended && random.nextInt(4) == 0 ? Preallocation.METADATA : Preallocation.OFF;
    }
    if (theme == Theme.PREALLOCATED) {
      return anyPreallocation();
    }
    return theme == Theme.COMPRESSED || theme == Theme.ZSTD
        ? Preallocation.OFF
        : rarePreallocation();
  }

  private Preallocation rarePreallocation() {
    return random.nextInt(8) == 0 ? anyPreallocation() : Preallocation.OFF;
  }

  private Preallocation anyPreallocation() {
    return List.of(Preallocation.METADATA, Preallocation.FALLOC, Preallocation.FULL)
        .get(random.nextInt(3));
  }
}
