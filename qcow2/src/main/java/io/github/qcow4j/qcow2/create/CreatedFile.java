package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.lock.ReplacedImage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that is being made under a name where another may stand. A regular file appears there
 * whole and durable with {@link #publish}, or not at all; until then one that it replaces stays as
 * it is, locked. A block device is written in place.
 *
 * <p>Used by one thread.
 */
public final class CreatedFile implements Closeable {

  private final BlockFile file;
  private final @Nullable BlockFile replaced;
  private final @Nullable Publication publication;

  /**
   * How a regular file gets its name.
   *
   * @param atomic the file
   * @param standing what stands under the name until then
   */
  private record Publication(AtomicFile atomic, Standing standing) {}

  private CreatedFile(
      BlockFile file, @Nullable BlockFile replaced, @Nullable Publication publication) {
    this.file = file;
    this.replaced = replaced;
    this.publication = publication;
  }

  /**
   * Begins a file.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when what stands there is in use
   * @throws SystemCallException with {@code ESTALE} when it was replaced just now
   * @throws java.nio.file.FileSystemException when nothing can be made there
   */
  public static CreatedFile open(Volume volume, Path path) throws IOException {
    if (path.toString().isEmpty()) {
      throw Errno.ENOENT.exception("open", "");
    }
    if (!volume.exists(path)) {
      return regular(volume, path, null, false);
    }
    BlockFile existing = ReplacedImage.openLocked(volume, path);
    try {
      return switch (existing.kind()) {
        case REGULAR -> regular(volume, path, existing, true);
        case BLOCK_DEVICE -> new CreatedFile(existing, null, null);
        default -> throw cannotGrow(path);
      };
    } catch (IOException | RuntimeException e) {
      closeAfter(e, existing);
      throw e;
    }
  }

  /**
   * Begins a file that takes the place of one that is open and locked already. That one stays its
   * caller's, and its lock is what keeps others out until the caller closes it: after publication,
   * when nobody finds it any more.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param held what stands there, open for writing and locked
   * @throws UnsupportedFeatureException when it is a device, whose name cannot be taken
   * @throws SystemCallException with {@code ESTALE} when another file stands there by now; {@link
   *     #publish} asks again
   */
  public static CreatedFile replacing(Volume volume, Path path, BlockFile held) throws IOException {
    if (held.kind() != FileKind.REGULAR) {
      throw new UnsupportedFeatureException(
          path, "Only an image in a regular file can be replaced by another", "device");
    }
    return regular(volume, path, held, false);
  }

  /**
   * Begins a regular file, unless what is to be replaced is not what stands there.
   *
   * @param own whether the file to be replaced is to be closed with the new one
   */
  private static CreatedFile regular(
      Volume volume, Path path, @Nullable BlockFile held, boolean own) throws IOException {
    AtomicFile atomic = atomic(volume, path);
    try {
      Standing standing = new Standing(volume, atomic.target(), held, own);
      if (held != null) {
        standing.admit();
      }
      return new CreatedFile(atomic.file(), own ? held : null, new Publication(atomic, standing));
    } catch (IOException | RuntimeException e) {
      closeAfter(e, atomic);
      throw e;
    }
  }

  /** A failure is about the file, not about the directory where it is to be made. */
  private static AtomicFile atomic(Volume volume, Path path) throws IOException {
    try {
      return AtomicFile.create(volume, path);
    } catch (FileSystemException e) {
      Errno errno = Errno.ofText(e.getReason());
      throw errno == null ? e : errno.exception("open", path.toString());
    }
  }

  private static SystemCallException cannotGrow(Path path) {
    return new SystemCallException("ftruncate", 0, path.toString(), "Cannot grow device files");
  }

  private static void closeAfter(Exception failure, Closeable file) {
    try {
      file.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** The file to fill: empty, or a device. */
  public BlockFile file() {
    return file;
  }

  /** Whether the file is a device, which has the size it has and is changed at once. */
  public boolean isDevice() {
    return publication == null;
  }

  /**
   * Requires room for so many bytes; a regular file becomes so long.
   *
   * @throws SystemCallException when the device is smaller
   */
  public void setSize(long sizeBytes) throws IOException {
    if (publication != null) {
      file.truncate(sizeBytes);
    } else if (file.size() < sizeBytes) {
      throw cannotGrow(file.path());
    }
  }

  /**
   * Asks whether the file may take its name now; {@link #publish} asks again. For who publishes
   * several files and would rather have none than some.
   *
   * @throws IOException as {@link #publish} says of names
   */
  public void requireAdmission() throws IOException {
    if (publication != null) {
      publication.standing().admit();
    }
  }

  /**
   * Makes the file durable under its name, unless another program has taken that meanwhile: over
   * nothing but the file that stood there when this one was begun, or over nothing at all.
   *
   * <p>What appears where nothing stood is never replaced, at whichever moment it appears. Where a
   * file stood, it is asked a moment before whether it is still the same; a program that puts
   * another there in that very moment, without asking for its lock, loses it.
   *
   * @throws java.nio.file.FileAlreadyExistsException when a file has appeared where none was
   * @throws SystemCallException with {@code ESTALE} when another file stands there by now
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when the file to be replaced came into
   *     use meanwhile
   * @throws IOException as {@link AtomicFile#publish} says
   */
  public void publish() throws IOException {
    if (publication == null) {
      file.syncAll();
      return;
    }
    Standing standing = publication.standing();
    try {
      publication.atomic().publish(standing::admit);
    } catch (FileAlreadyExistsException e) {
      throw standing.appeared(e);
    }
  }

  /**
   * Publishes this file, and then another that refers to it. When the other cannot be published,
   * what stood under this one's name stands there again, or nothing, as far as the file system can
   * exchange names; a power cut between the two leaves the old other file over this one, and what
   * this one replaced beside it, under a name that ends in {@link AtomicFile#TEMPORARY_SUFFIX}. So
   * does a failure of the last sync, after which nobody can tell which other file a power cut
   * leaves.
   *
   * @throws IOException as {@link #publish} says, of either file
   */
  public void publishBefore(CreatedFile other) throws IOException {
    other.requireAdmission();
    if (publication == null) {
      publish();
      other.publish();
      return;
    }
    Standing standing = publication.standing();
    try {
      publication.atomic().publishRevocably(standing::admit);
    } catch (FileAlreadyExistsException e) {
      throw standing.appeared(e);
    } catch (IOException | RuntimeException e) {
      withdrawAfter(e, publication.atomic());
      throw e;
    }
    try {
      other.publish();
    } catch (IOException | RuntimeException e) {
      if (other.publication == null || !other.publication.atomic().published()) {
        withdrawAfter(e, publication.atomic());
      } else {
        // The other's name may be lost in a power cut, and its old file then needs this one's.
        publication.atomic().keepReplaced();
      }
      throw e;
    }
  }

  private static void withdrawAfter(Exception failure, AtomicFile published) {
    try {
      published.withdraw();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Lets go of the file; what was not published is gone, but for what a device was given. */
  @Override
  public void close() throws IOException {
    BlockFile old = replaced;
    Publication unpublished = publication;
    try (old) {
      if (unpublished == null) {
        file.close();
      } else {
        unpublished.atomic().close();
      }
    }
  }
}
