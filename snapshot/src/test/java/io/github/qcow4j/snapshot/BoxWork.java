package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;

/** What boxes are made of in tests on simulated volumes. */
final class BoxWork {

  static final Path RAW = Path.of("/image.raw");
  static final int DISK_BYTES = 192 << 10;

  private BoxWork() {}

  static void raw(Volume volume, Random random) throws IOException {
    byte[] bytes = new byte[DISK_BYTES];
    random.nextBytes(bytes);
    try (BlockFile file = volume.open(RAW, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(bytes), 0);
      file.syncAll();
    }
    volume.syncDirectory(Path.of("/"));
  }
}
