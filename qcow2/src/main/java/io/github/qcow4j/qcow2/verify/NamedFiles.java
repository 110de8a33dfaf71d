package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ReferenceTrail.Role;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Whether the other files that an image names are such as its user allows. Names are looked up, and
 * no file is opened. A name that cannot be read, a format that would have to be guessed and a file
 * that is not there are never allowed.
 *
 * @param volume where names are looked up
 * @param image the image
 * @param policy what its user allows
 */
record NamedFiles(Volume volume, BlockFile image, ReferencePolicy policy) {

  boolean admitsBackingFile() throws IOException {
    Qcow2Header header = header();
    String name = header == null ? null : header.backingFileName();
    if (header == null || name == null) {
      return false;
    }
    String format = header.extensions().backingFormat();
    return (format != null || policy.mayProbeFormat())
        && admits(
            Role.BACKING_FILE, name, format, () -> StoredName.resolveBacking(image.path(), name));
  }

  boolean admitsDataFile() throws IOException {
    Qcow2Header header = header();
    String name = header == null ? null : header.extensions().dataFileName();
    return name != null
        && admits(Role.DATA_FILE, name, null, () -> StoredName.resolveDataFile(image.path(), name));
  }

  private @Nullable Qcow2Header header() throws IOException {
    try {
      return HeaderParser.parse(image, false);
    } catch (ImageException e) {
      // It is a concern of its own, and what such a header names is not known.
      return null;
    }
  }

  /** What a name stands for. */
  @FunctionalInterface
  private interface Resolution {
    Path resolve() throws IOException;
  }

  private boolean admits(Role role, String name, @Nullable String format, Resolution resolution)
      throws IOException {
    try {
      Path resolved = resolution.resolve();
      Path admitted =
          policy.admit(new Reference(role, image.path(), name, resolved, format), volume);
      return volume.exists(admitted);
    } catch (ImageException | NoSuchFileException e) {
      return false;
    }
  }
}
