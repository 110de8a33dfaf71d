package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.tar.TarReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** What the first bytes of a file tell. */
public final class ArchiveStart {

  private ArchiveStart() {}

  /**
   * Whether a file begins as archives of boxes do: with a frame of zstd or lz4, or a member of a
   * tape archive. No disk that a machine starts from does.
   */
  public static boolean isArchive(Volume volume, Path path) throws IOException {
    ByteBuffer start = ByteBuffer.allocate(TarReader.START_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      file.readPadded(start, 0);
    }
    int magic = start.getInt(0);
    return magic == ArchiveInput.ZSTD_MAGIC
        || magic == ArchiveInput.LZ4_MAGIC
        || TarReader.begins(start.array());
  }
}
