package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.lock.ReplacedImage;
import java.io.Closeable;
import java.io.IOException;
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
  private final @Nullable AtomicFile atomic;
  private final @Nullable BlockFile replaced;
  private final Admission admission;

  /** Whether what stands under the name may be replaced now; throws when it may not. */
  @FunctionalInterface
  private interface Admission {
    void require() throws IOException;
  }

  private CreatedFile(
      BlockFile file,
      @Nullable AtomicFile atomic,
      @Nullable BlockFile replaced,
      Admission admission) {
    this.file = file;
    this.atomic = atomic;
    this.replaced = replaced;
    this.admission = admission;
  }

  /**
   * Begins a file.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when what stands there is in use
   * @throws java.nio.file.FileSystemException when nothing can be made there
   */
  public static CreatedFile open(Volume volume, Path path) throws IOException {
    if (path.toString().isEmpty()) {
      throw Errno.ENOENT.exception("open", "");
    }
    if (!volume.exists(path)) {
      return ofAtomic(atomic(volume, path), null);
    }
    BlockFile existing = ReplacedImage.openLocked(volume, path);
    try {
      return switch (existing.kind()) {
        case REGULAR -> ofAtomic(atomic(volume, path), existing);
        case BLOCK_DEVICE -> new CreatedFile(existing, null, null, () -> {});
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
    requireSame(volume, path, held);
    AtomicFile atomic = atomic(volume, path);
    return new CreatedFile(atomic.file(), atomic, null, () -> requireSame(volume, path, held));
  }

  private static void requireSame(Volume volume, Path path, BlockFile held) throws IOException {
    if (!volume.status(path).identity().equals(held.identity())) {
      throw Errno.ESTALE.exception("rename", path.toString());
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

  private static CreatedFile ofAtomic(AtomicFile atomic, @Nullable BlockFile replaced) {
    return new CreatedFile(atomic.file(), atomic, replaced, () -> {});
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
    return atomic == null;
  }

  /**
   * Requires room for so many bytes; a regular file becomes so long.
   *
   * @throws SystemCallException when the device is smaller
   */
  public void setSize(long sizeBytes) throws IOException {
    if (atomic != null) {
      file.truncate(sizeBytes);
    } else if (file.size() < sizeBytes) {
      throw cannotGrow(file.path());
    }
  }

  /**
   * Makes the file durable under its name.
   *
   * @throws IOException as {@link AtomicFile#publish} says
   */
  public void publish() throws IOException {
    admission.require();
    if (atomic == null) {
      file.syncAll();
    } else {
      atomic.publish(RenameMode.REPLACE);
    }
  }

  /** Lets go of the file; what was not published is gone, but for what a device was given. */
  @Override
  public void close() throws IOException {
    BlockFile old = replaced;
    AtomicFile unnamed = atomic;
    try (old) {
      if (unnamed == null) {
        file.close();
      } else {
        unnamed.close();
      }
    }
  }
}
