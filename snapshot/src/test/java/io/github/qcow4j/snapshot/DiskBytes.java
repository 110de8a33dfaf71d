package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.zip.CRC32C;

/** Reads and writes disks by our library, as a guest would. */
final class DiskBytes {

  private DiskBytes() {}

  static ImageOptions options() {
    return ImageOptions.of(ImageFormat.QCOW2).withMaxChainLayers(10_000);
  }

  static byte[] read(Volume volume, Path path) throws IOException {
    try (DiskImage image = DiskImages.open(volume, path, ReferencePolicy.allow(), options())) {
      byte[] bytes = new byte[(int) image.virtualSize()];
      image.read(0, ByteBuffer.wrap(bytes));
      return bytes;
    }
  }

  static byte[] file(Volume volume, Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      byte[] bytes = new byte[(int) file.size()];
      file.readPadded(ByteBuffer.wrap(bytes), 0);
      return bytes;
    }
  }

  static String digest(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return bytes.length + ":" + HexFormat.of().toHexDigits(crc.getValue());
  }

  /** Fills a range with bytes of a seed; durable on return. */
  static void write(Volume volume, Path path, long offset, int length, long seed)
      throws IOException {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    write(volume, path, offset, bytes);
  }

  static void write(Volume volume, Path path, long offset, byte[] bytes) throws IOException {
    try (DiskImage image =
        DiskImages.open(volume, path, ReferencePolicy.allow(), options().withWriting())) {
      image.write(offset, ByteBuffer.wrap(bytes));
      image.sync();
    }
  }

  static void resize(Volume volume, Path path, long sizeBytes) throws IOException {
    ImageOptions writing = options().withWriting();
    try (DiskImage image = DiskImages.open(volume, path, ReferencePolicy.allow(), writing)) {
      ((Qcow2Image) image).resize(sizeBytes);
      image.sync();
    }
  }
}
