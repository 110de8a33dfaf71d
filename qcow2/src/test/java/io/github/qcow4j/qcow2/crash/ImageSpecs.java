package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import java.util.Random;

/** Small images of every kind: small enough to be read often, with several tables all the same. */
final class ImageSpecs {

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
