package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.model.BoxDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;

/** A directory as Cocoon writes one: a raw disk, and a file that is none. */
final class ForeignDirectory {

  private static final int MEMORY_BYTES = 5000;
  private static final String MEMORY = "mem";
  private static final String ENVELOPE =
      """
      {"version": 1, "config": {"id": "X", "hypervisor": "firecracker"}}
      """;

  private ForeignDirectory() {}

  /**
   * Makes one.
   *
   * @param image the raw disk
   * @return what a box made of it shows, by role
   */
  static Map<String, String> make(Volume volume, Path directory, Path image) throws IOException {
    volume.createDirectory(directory);
    byte[] disk = DiskBytes.file(volume, image);
    byte[] memory = new byte[MEMORY_BYTES];
    new Random(8).nextBytes(memory);
    write(volume, directory.resolve("cow.raw"), disk);
    write(volume, directory.resolve(MEMORY), memory);
    write(volume, directory.resolve("snapshot.json"), ENVELOPE.getBytes(StandardCharsets.UTF_8));
    volume.syncDirectory(directory);
    return Map.of(
        BoxDisk.ROOT,
        DiskBytes.digest(disk),
        Observation.CARRIED + MEMORY,
        DiskBytes.digest(memory));
  }

  /** Makes a file that is durable but for its name. */
  static void write(Volume volume, Path path, byte[] bytes) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(bytes), 0);
      file.syncAll();
    }
  }
}
