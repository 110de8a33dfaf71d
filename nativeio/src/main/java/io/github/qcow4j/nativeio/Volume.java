package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tree of names, as the kernel offers it: the host's file system, or a simulated one in tests.
 *
 * <p>A {@link Path} is only a name here. Relative names are taken against the working directory of
 * the process. Every name on disk that qcow4j makes, changes or looks up passes through this
 * interface.
 *
 * <h2>Threads</h2>
 *
 * All methods may be called by any number of threads.
 *
 * <h2>Durability</h2>
 *
 * No change of a name survives a power cut before {@link #syncDirectory} of the directory that
 * holds it has returned. {@link AtomicFile}, {@link Fork} and {@link Exchange} put write, sync,
 * rename and directory sync together, and nothing else renames.
 *
 * <h2>Errors</h2>
 *
 * {@link java.nio.file.NoSuchFileException}, {@link java.nio.file.FileAlreadyExistsException},
 * {@link java.nio.file.AccessDeniedException}, {@link java.nio.file.DirectoryNotEmptyException},
 * and {@link SystemCallException} for all else the kernel says.
 */
public interface Volume {

  /** Which way to the kernel this volume takes, and what it can do. */
  ProviderInfo provider();

  /**
   * Opens a file, creating it when {@code options} say so. Directories are refused with {@code
   * EISDIR}. A FIFO opens without blocking, except by {@link OpenOptions#streaming()}, which waits
   * for a reader.
   */
  BlockFile open(Path path, OpenOptions options) throws IOException;

  /** What a name stands for, following symbolic links ({@code stat(2)}). */
  FileStatus status(Path path) throws IOException;

  /** What a name stands for, a symbolic link as itself ({@code lstat(2)}). */
  FileStatus linkStatus(Path path) throws IOException;

  /**
   * Whether the name exists, links followed; any failure but "no such file" is thrown, never "no".
   */
  boolean exists(Path path) throws IOException;

  /** The absolute name without links, {@code .} or {@code ..} ({@code realpath(3)}). */
  Path realPath(Path path) throws IOException;

  /** What a symbolic link says, as it stands there ({@code readlink(2)}). */
  Path readLink(Path path) throws IOException;

  /** Renames within one file system ({@code renameat2(2)}); atomic, not durable. */
  void rename(Path from, Path to, RenameMode mode) throws IOException;

  /** Gives a file a further name ({@code link(2)}); fails when {@code newName} exists. */
  void link(Path existing, Path newName) throws IOException;

  /** Removes a name that is not a directory ({@code unlink(2)}). */
  void unlink(Path path) throws IOException;

  /** Makes a directory, its parent existing ({@code mkdir(2)}), with the umask's permissions. */
  void createDirectory(Path path) throws IOException;

  /** Removes an empty directory ({@code rmdir(2)}). */
  void removeDirectory(Path path) throws IOException;

  /** The names in a directory, without {@code .} and {@code ..}, sorted. */
  List<String> list(Path directory) throws IOException;

  /** Makes the names in a directory durable ({@code fsync(2)} on the directory). */
  void syncDirectory(Path directory) throws IOException;

  /**
   * Opens a new file without a name in {@code directory} ({@code O_TMPFILE}), to be named by {@link
   * #linkUnnamed}; it vanishes by itself when closed unnamed, also when the process is killed.
   *
   * @return the file, or null where the file system or the provider cannot
   */
  @Nullable BlockFile createUnnamed(Path directory) throws IOException;

  /**
   * Names a file of {@link #createUnnamed}; fails when {@code newName} exists. It may be refused
   * although the file could be made ({@code linkat(2)}: EPERM, ENOENT without {@code /proc}, …);
   * where that is for good, no further file is made without a name on that file system.
   */
  void linkUnnamed(BlockFile unnamed, Path newName) throws IOException;

  /**
   * Gives {@code to} the permission bits of {@code from} (links followed), and its owner and group
   * as far as this process may; where the owner cannot be kept, set-user-ID and the like are
   * dropped. Access control lists and extended attributes are not copied. Not durable on return.
   */
  void copyPermissions(Path from, BlockFile to) throws IOException;

  /**
   * Sets the permission bits of a file or directory, links followed ({@code fchmod(2)}). The file
   * has to be readable for this process. Not durable on return.
   *
   * @param permissions the bits, 0 to 07777; the umask has no say
   */
  void setPermissions(Path path, int permissions) throws IOException;

  /**
   * Makes everything durable that was written to the file system which {@code path} is on, by any
   * process ({@code syncfs(2)}).
   *
   * @return false where the provider cannot; nothing is promised then
   */
  default boolean syncFileSystem(Path path) throws IOException {
    return false;
  }

  /**
   * The size of the blocks of the file system which {@code path} is on, each of which stays where
   * it was written first: to write into it again needs no further room, and cannot fail for want of
   * it. What is stored through mapped memory depends on that.
   *
   * @return in bytes; 0 where each write may go elsewhere (btrfs), and where nothing is known
   * @throws IOException when {@code path} is not there, or its file system could not be asked
   */
  default long lastingBlockBytes(Path path) throws IOException {
    return 0;
  }

  /**
   * Stops all writing to the file system which {@code path} is on, its state being consistent and
   * durable, until {@link #thaw} ({@code ioctl(2)}, {@code FIFREEZE}). Whoever writes waits, this
   * process too. Needs {@code CAP_SYS_ADMIN}.
   *
   * @return false when the file system or the provider cannot
   */
  default boolean freeze(Path path) throws IOException {
    return false;
  }

  /**
   * Lets writers go on after {@link #freeze} ({@code FITHAW}).
   *
   * @return false when the file system or the provider cannot
   */
  default boolean thaw(Path path) throws IOException {
    return false;
  }
}
