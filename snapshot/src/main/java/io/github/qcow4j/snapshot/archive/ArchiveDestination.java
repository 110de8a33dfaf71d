package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** Where an archive goes. */
public sealed interface ArchiveDestination {

  /** What names of archives end in. */
  String SUFFIX = ".boxlite";

  /**
   * A file, which appears under its name whole and durable, or not at all.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param mode whether an existing file is replaced
   */
  record ToFile(Volume volume, Path path, RenameMode mode) implements ArchiveDestination {}

  /**
   * A folder, in which the archive gets the box's name, or {@code box}, and {@link #SUFFIX}.
   *
   * @param volume where the name is looked up
   * @param folder the folder, which exists
   * @param mode whether an existing file of that name is replaced
   */
  record ToFolder(Volume volume, Path folder, RenameMode mode) implements ArchiveDestination {}

  /**
   * A pipe, a socket, standard output. What was written when an export fails is the receiver's to
   * throw away.
   *
   * @param channel where to; left open
   */
  record ToChannel(WritableByteChannel channel) implements ArchiveDestination {}
}
