package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;

/** Does harm to images, each in one way; of clusters of 64 KiB and counts of 16 bits. */
final class Damage {

  private static final int CLUSTER_BYTES = 65536;

  private Damage() {}

  private static Qcow2Header header(Volume volume, Path image) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2);
    return Objects.requireNonNull(ImageInspector.inspect(volume, image, options).header());
  }

  private static long number(BlockFile file, long offset) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
    file.readPadded(bytes, offset);
    return bytes.getLong(0);
  }

  private static long firstRefcountBlock(BlockFile file, Qcow2Header header) throws IOException {
    return number(file, header.refcountTableOffset());
  }

  /** One more cluster at the end, counted, and of no use. */
  static void leakCluster(Volume volume, Path image) throws IOException {
    Qcow2Header header = header(volume, image);
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      long cluster = (file.size() + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
      file.truncate((cluster + 1) * CLUSTER_BYTES);
      ByteBuffer one = ByteBuffer.allocate(Short.BYTES).putShort(0, (short) 1);
      file.write(one, firstRefcountBlock(file, header) + 2 * cluster);
    }
  }

  /** The cluster of the L1 table is in use, and counted as free. */
  static void forgetCounts(Volume volume, Path image) throws IOException {
    Qcow2Header header = header(volume, image);
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      long cluster = header.l1TableOffset() / CLUSTER_BYTES;
      file.write(ByteBuffer.allocate(Short.BYTES), firstRefcountBlock(file, header) + 2 * cluster);
    }
  }

  /** The first entry of the L1 table leads into the middle of a cluster. */
  static void loseTables(Volume volume, Path image) throws IOException {
    Qcow2Header header = header(volume, image);
    try (BlockFile file = volume.open(image, OpenOptions.writing())) {
      ByteBuffer entry = ByteBuffer.allocate(Long.BYTES).putLong(0, CLUSTER_BYTES + 512L);
      file.write(entry, header.l1TableOffset());
    }
  }
}
