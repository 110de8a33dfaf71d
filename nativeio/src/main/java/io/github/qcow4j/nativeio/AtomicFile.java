package io.github.qcow4j.nativeio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A file that appears under its name complete and durable, or not at all: write new, sync, rename,
 * sync the directory. For what is to keep the file that it replaces there are {@link Fork} and
 * {@link Exchange}; nothing else renames.
 *
 * <p>Fill {@link #file()}, then {@link #publish}, then {@link #close()}; a close without publish
 * leaves nothing behind. Where the file system has files without a name ({@code O_TMPFILE}), a
 * killed process leaves nothing behind either, but for the moment in which an existing file is
 * being replaced; where it has not, a killed process leaves {@code .NAME.XXXXXXXX.qcow4j-tmp} in
 * the target's directory.
 *
 * <p>When the target is a symbolic link, what it points to is replaced, as a writer through the
 * link would do. Permissions and, as far as this process may, owner of an existing target are kept;
 * a new file has permissions 0666 less the umask.
 *
 * <h2>Threads</h2>
 *
 * Any thread may call; {@link #publish} and {@link #close()} exclude each other.
 */
public final class AtomicFile implements Closeable {

  /** What a temporary name ends in, for whoever looks for those that a killed process left. */
  public static final String TEMPORARY_SUFFIX = ".qcow4j-tmp";

  /** {@code NAME_MAX} of {@code limits.h}: no Linux file system has longer names. */
  private static final int NAME_MAX_BYTES = 255;

  /** So many names being taken is not chance. */
  private static final int NAME_ATTEMPTS = 100;

  /** As the kernel has it: {@code path_resolution(7)}. */
  private static final int LINK_LIMIT = 40;

  private final Volume volume;
  private final Path target;
  private final Path directory;
  private final BlockFile file;

  /** The name that has to go unless it becomes the target's. */
  @GuardedBy("this")
  private @Nullable Path temporaryName;

  private volatile boolean published;

  /** What {@link #withdraw} has to undo. */
  @GuardedBy("this")
  private Taking taking = Taking.FOR_GOOD;

  /** The file that is published, which may be a copy of {@link #file}. */
  @GuardedBy("this")
  private FileIdentity identity;

  /** How the target's name was taken. */
  private enum Taking {
    /** In a way that is not to be undone, or cannot be. */
    FOR_GOOD,
    /** Nothing stood there. */
    FREE_NAME,
    /** The temporary name is now that of the file that was replaced. */
    EXCHANGE
  }

  private AtomicFile(
      Volume volume, Path target, Path directory, BlockFile file, @Nullable Path temporaryName) {
    this.volume = volume;
    this.target = target;
    this.directory = directory;
    this.file = file;
    this.identity = file.identity();
    this.temporaryName = temporaryName;
  }

  /**
   * Begins a new file that is to become {@code target}, in the directory of what {@code target}
   * leads to.
   *
   * @throws FileSystemException when the target exists and is not a regular file, or when its
   *     directory cannot be written
   */
  public static AtomicFile create(Volume volume, Path target) throws IOException {
    Path resolved = followLinks(volume, target);
    boolean replaces = volume.exists(resolved);
    if (replaces) {
      checkReplaceable(volume, resolved);
    }
    Path parent = resolved.getParent();
    Path directory = parent == null ? Path.of("") : parent;
    BlockFile unnamed = volume.createUnnamed(directory);
    Path name = null;
    BlockFile file;
    if (unnamed == null) {
      NamedFile named = createNamed(volume, resolved);
      name = named.name();
      file = named.file();
    } else {
      file = unnamed;
    }
    AtomicFile created = new AtomicFile(volume, resolved, directory, file, name);
    if (replaces) {
      try {
        volume.copyPermissions(resolved, file);
      } catch (NoSuchFileException e) {
        // Gone since: then there is nothing to keep.
      } catch (IOException e) {
        closeAfter(e, created);
        throw e;
      }
    }
    return created;
  }

  private static void closeAfter(IOException failure, AtomicFile created) {
    try {
      created.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private static Path followLinks(Volume volume, Path target) throws IOException {
    Path name = target;
    for (int links = 0; links <= LINK_LIMIT; links++) {
      try {
        if (volume.linkStatus(name).kind() != FileKind.SYMBOLIC_LINK) {
          return name;
        }
      } catch (NoSuchFileException e) {
        return name;
      }
      name = name.resolveSibling(volume.readLink(name));
    }
    throw Errno.ELOOP.exception("open", target.toString());
  }

  private static void checkReplaceable(Volume volume, Path target) throws IOException {
    FileKind kind = volume.status(target).kind();
    if (kind == FileKind.DIRECTORY) {
      throw Errno.EISDIR.exception("rename", target.toString());
    } else if (kind != FileKind.REGULAR) {
      // Renaming over /dev/sdb would replace the node and leave the disk as it was.
      throw new FileSystemException(target.toString(), null, "not a regular file");
    }
  }

  private record NamedFile(Path name, BlockFile file) {}

  private static NamedFile createNamed(Volume volume, Path target) throws IOException {
    FileAlreadyExistsException taken = null;
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
      Path name = temporaryName(target);
      try {
        return new NamedFile(name, volume.open(name, OpenOptions.creatingNew()));
      } catch (FileAlreadyExistsException e) {
        taken = e;
      }
    }
    throw taken == null ? Errno.EEXIST.exception("open", target.toString()) : taken;
  }

  static Path temporaryName(Path target) {
    long random = ThreadLocalRandom.current().nextLong();
    String suffix = "." + String.format("%08x", (int) random) + TEMPORARY_SUFFIX;
    String name = shortened(String.valueOf(target.getFileName()), suffix.length() + 1);
    try {
      return target.resolveSibling("." + name + suffix);
    } catch (InvalidPathException e) {
      // A name of another encoding than the platform's: its text is not its name.
      return target.resolveSibling("." + name.replaceAll("[^\\x20-\\x7e]", "_") + suffix);
    }
  }

  private static String shortened(String name, int othersBytes) {
    int bytes = 0;
    int end = 0;
    while (end < name.length()) {
      int codePoint = name.codePointAt(end);
      bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      if (bytes + othersBytes > NAME_MAX_BYTES) {
        break;
      }
      end += Character.charCount(codePoint);
    }
    return name.substring(0, end);
  }

  /** The file to fill; open for reading and writing until {@link #close()}. */
  public BlockFile file() {
    return file;
  }

  /** What will be replaced or made: the name given, after any symbolic links. */
  public Path target() {
    return target;
  }

  /** Whether the new file has taken the target's name. */
  public boolean published() {
    return published;
  }

  /**
   * Makes the file durable, gives it the target's name, and makes that durable: all of it is when
   * this returns.
   *
   * <p>When it fails with {@link #published()} false, the target is as it was before, and still is
   * after {@link #close()}. When it fails with {@link #published()} true, only the sync of the
   * directory failed: the new file stands under its name, but after a power cut the old one may
   * again.
   *
   * <p>Where a file that was made without a name can be given none after all, what it holds is
   * copied into one that can, and that one is published: {@link #file()} is then another file.
   *
   * @param mode {@link RenameMode#REPLACE}, or {@link RenameMode#NO_REPLACE} to fail with {@link
   *     FileAlreadyExistsException} when there is a target, also one made since {@link #create}
   */
  public void publish(RenameMode mode) throws IOException {
    publish(() -> mode);
  }

  /**
   * The same, asking how when the file is durable and only the name is missing, and again a moment
   * before a name is replaced.
   *
   * @param admission says {@link RenameMode#REPLACE} or {@link RenameMode#NO_REPLACE}; what it
   *     throws, this throws, the target being as it was
   */
  public void publish(Admission admission) throws IOException {
    publish(admission, false);
  }

  /**
   * Publishes so that {@link #withdraw} can undo it; what is replaced is kept for that until {@link
   * #close()}: for a file that makes sense only together with another that gets its name next. A
   * process killed before {@link #close()} leaves the replaced file beside the new one, under a
   * name that ends in {@link #TEMPORARY_SUFFIX}.
   *
   * <p>Where provider or file system cannot exchange two names in one step, what is replaced is
   * gone as with {@link #publish}.
   *
   * @param admission as for {@link #publish(Admission)}
   */
  public void publishRevocably(Admission admission) throws IOException {
    publish(admission, true);
  }

  private synchronized void publish(Admission admission, boolean revocably) throws IOException {
    if (published) {
      throw new IllegalStateException("published before: " + target);
    }
    file.syncAll();
    RenameMode mode = admitted(admission);
    boolean named = temporaryName != null;
    boolean keeping = revocably && mode == RenameMode.REPLACE;
    if (!named && !keeping && linkedToTarget(mode)) {
      taking = revocably ? Taking.FREE_NAME : Taking.FOR_GOOD;
    } else {
      Path name = temporaryName == null ? temporarilyNamed() : temporaryName;
      takeTarget(name, named ? mode : admitted(admission), revocably);
    }
    published = true;
    volume.syncDirectory(directory);
  }

  @GuardedBy("this")
  private void takeTarget(Path name, RenameMode mode, boolean revocably) throws IOException {
    if (revocably && mode == RenameMode.REPLACE && NewFile.exchanged(volume, name, target)) {
      taking = Taking.EXCHANGE;
      return;
    }
    volume.rename(name, target, mode);
    temporaryName = null;
    taking = revocably && mode == RenameMode.NO_REPLACE ? Taking.FREE_NAME : Taking.FOR_GOOD;
  }

  /**
   * Takes the name away again that {@link #publishRevocably} gave: what was replaced stands there
   * again, or nothing, as before; durable on return. Without effect when what was replaced is gone,
   * and on a name under which another file stands by now.
   */
  public synchronized void withdraw() throws IOException {
    Path name = temporaryName;
    if (!published || taking == Taking.FOR_GOOD) {
      return;
    } else if (taking == Taking.EXCHANGE && name != null) {
      // What cannot be put back is not to be removed either.
      temporaryName = null;
      volume.rename(name, target, RenameMode.EXCHANGE);
      temporaryName = name;
    } else if (identity.equals(NewFile.identity(volume, target))) {
      volume.unlink(target);
    } else {
      return;
    }
    taking = Taking.FOR_GOOD;
    published = false;
    volume.syncDirectory(directory);
  }

  /**
   * Leaves what {@link #publishRevocably} replaced under the temporary name that it has, for when
   * nobody can tell what a power cut would bring back. Without effect when it is not there.
   */
  public synchronized void keepReplaced() {
    if (published && taking == Taking.EXCHANGE) {
      temporaryName = null;
      taking = Taking.FOR_GOOD;
    }
  }

  /** How the target's name may be taken, given what stands there at this moment. */
  @FunctionalInterface
  public interface Admission {
    RenameMode mode() throws IOException;
  }

  private static RenameMode admitted(Admission admission) throws IOException {
    RenameMode mode = admission.mode();
    if (mode == RenameMode.EXCHANGE) {
      throw new IllegalArgumentException("a new file has no name to exchange");
    }
    return mode;
  }

  /** The short way for a file without a name: straight to a name that is free. */
  @GuardedBy("this")
  private boolean linkedToTarget(RenameMode mode) throws IOException {
    try {
      volume.linkUnnamed(file, target);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (mode == RenameMode.NO_REPLACE) {
        throw e;
      }
      return false;
    } catch (IOException e) {
      if (!UnnamedFile.isRefusal(e)) {
        throw e;
      }
      copyToTemporaryName(e);
      return false;
    }
  }

  @GuardedBy("this")
  private Path temporarilyNamed() throws IOException {
    FileAlreadyExistsException taken = null;
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
      Path name = temporaryName(target);
      try {
        volume.linkUnnamed(file, name);
        temporaryName = name;
        return name;
      } catch (FileAlreadyExistsException e) {
        taken = e;
      } catch (IOException e) {
        if (!UnnamedFile.isRefusal(e)) {
          throw aboutTarget(e);
        }
        return copyToTemporaryName(e);
      }
    }
    throw taken == null ? Errno.EEXIST.exception("linkat", target.toString()) : taken;
  }

  /** Nobody knows the temporary name: a failure to give it is one to give the target's. */
  private IOException aboutTarget(IOException failure) {
    Errno errno = failure instanceof SystemCallException call ? Errno.of(call.errno()) : null;
    if (errno == null) {
      return failure;
    }
    IOException about = errno.exception("linkat", target.toString());
    about.initCause(failure);
    return about;
  }

  /** The next way where the file was made without a name, and cannot be given one. */
  @GuardedBy("this")
  private Path copyToTemporaryName(IOException refusal) throws IOException {
    NamedFile named;
    try {
      named = createNamed(volume, target);
    } catch (IOException e) {
      refusal.addSuppressed(e);
      throw refusal;
    }
    temporaryName = named.name();
    try (BlockFile copy = named.file()) {
      UnnamedFile.copy(volume, file, volume.exists(target) ? target : null, copy);
      identity = copy.identity();
    }
    return named.name();
  }

  /** Closes the file, and removes it when it was not published. Closing twice has no effect. */
  @Override
  public synchronized void close() throws IOException {
    Path name = temporaryName;
    temporaryName = null;
    try {
      file.close();
    } finally {
      if (name != null) {
        removeIfThere(name);
      }
    }
  }

  private void removeIfThere(Path name) throws IOException {
    try {
      volume.unlink(name);
    } catch (NoSuchFileException e) {
      // Somebody cleaned up before us.
    }
  }
}
