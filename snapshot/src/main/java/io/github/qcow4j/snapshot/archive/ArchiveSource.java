package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.Volume;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;

/** Where an archive comes from. */
public sealed interface ArchiveSource {

  /**
   * A file.
   *
   * @param volume where the name is looked up
   * @param path the name
   */
  record FromFile(Volume volume, Path path) implements ArchiveSource {}

  /**
   * A pipe, a socket, standard input.
   *
   * @param channel read to its end; left open
   */
  record FromChannel(ReadableByteChannel channel) implements ArchiveSource {}
}
