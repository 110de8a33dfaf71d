package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Small images of every kind: small enough to be read often, with several tables all the same. */
final class ImageSpecs {

  private static final List<Preallocation> RAW_STORAGE =
      List.of(Preallocation.OFF, Preallocation.OFF, Preallocation.FALLOC, Preallocation.FULL);

  private ImageSpecs() {}

  /** Version 2 or 3, clusters of 512 bytes to 32 KiB, refcounts of 8 to 64 bits. */
  static ImageSpec random(Random random) {
    int sectors = 32 + random.nextInt(160);
    return random(random, sectors * DiskVersion.SECTOR_BYTES);
  }

  static ImageSpec random(Random random, int sizeBytes) {
    boolean old = random.nextInt(4) == 0;
    int clusterBits = 9 + random.nextInt(7);
    boolean extended = !old && clusterBits >= 14 && random.nextBoolean();
    int refcountOrder = old ? 4 : 3 + random.nextInt(4);
    return of(sizeBytes, old ? 2 : 3, clusterBits, refcountOrder, extended);
  }

  /** The same of version 3. */
  static ImageSpec version3(Random random) {
    ImageSpec drawn = random(random);
    return of(drawn.sizeBytes(), 3, drawn.clusterBits(), drawn.refcountOrder(), drawn.extendedL2());
  }

  /** Of version 3, with clusters of 512 bytes to 4 KiB. */
  static ImageSpec ofSmallClusters(Random random, int sizeBytes) {
    return of(sizeBytes, 3, 9 + random.nextInt(4), 4, false);
  }

  /** What a conversion writes to; what the kernel is to copy must be whole clusters there. */
  static ImageSpec target(Random random, int sizeBytes, ConvertOptions options) {
    return options.offloading() ? ofSmallClusters(random, sizeBytes) : random(random, sizeBytes);
  }

  /** The same with room, storage or neither for all of the disk. */
  static ImageSpec withPreallocation(Random random, ImageSpec spec) {
    Preallocation[] all = Preallocation.values();
    return new ImageSpec(
        spec.sizeBytes(),
        spec.version(),
        spec.clusterBits(),
        spec.refcountOrder(),
        CompressionType.ZLIB,
        spec.extendedL2(),
        false,
        null,
        null,
        all[random.nextInt(all.length)],
        null);
  }

  /** What a raw image can take from the beginning. */
  static Preallocation storage(Random random) {
    return RAW_STORAGE.get(random.nextInt(RAW_STORAGE.size()));
  }

  /**
   * The same of version 3 with its data in a file of their own: as the guest sees them ({@code
   * raw}) in one of three, where nothing else is to show through.
   */
  static ImageSpec withDataFile(Random random, ImageSpec spec, Path image, boolean mayBeRaw) {
    boolean raw = mayBeRaw && random.nextInt(3) == 0;
    return new ImageSpec(
        spec.sizeBytes(),
        3,
        spec.clusterBits(),
        spec.refcountOrder(),
        CompressionType.ZLIB,
        spec.extendedL2(),
        false,
        null,
        null,
        raw ? Preallocation.METADATA : Preallocation.OFF,
        new ImageSpec.DataFile(image.getFileName() + ".data", raw));
  }

  static ImageSpec of(
      long sizeBytes, int version, int clusterBits, int refcountOrder, boolean extended) {
    return new ImageSpec(
        sizeBytes,
        version,
        clusterBits,
        refcountOrder,
        CompressionType.ZLIB,
        extended,
        false,
        null,
        null);
  }
}
