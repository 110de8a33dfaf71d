package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Freezes a live file under another name, and puts a child of it in its place: the snapshot of a
 * disk that nobody has open. No byte is copied; the frozen file is the live one, the same inode.
 *
 * <p>The child refers to the frozen name. It is written and synced beside the live file first, and
 * becomes the live one only when the frozen name is durable: whatever a power cut leaves, the live
 * name never holds a child whose parent is missing.
 *
 * <h2>Order</h2>
 *
 * Child complete and durable → further name for the live file ({@code link(2)}) → sync of the
 * frozen name's directory → {@code rename(2)} of the child over the live name → sync of the live
 * name's directory. Where the file system refuses further names: rename of the live file → sync of
 * both directories → rename of the child → sync. {@link #run()} returns which way it went.
 *
 * <p>The frozen name may be in another directory, of the same file system; the child is in the
 * directory of the live file.
 *
 * <h2>After a failure or a power cut</h2>
 *
 * The three names tell how far it had come, whether they are in one directory or in two; so it
 * takes no more than a journal with these names to {@link #rollForward} or to {@link #rollBack},
 * both of which may be repeated when they in turn were cut short.
 *
 * <table>
 * <caption>What a power cut may leave</caption>
 * <tr><th>{@link #state}</th><th>live</th><th>frozen</th><th>child</th></tr>
 * <tr><td>{@code UNCHANGED}</td><td>old file</td><td>free</td><td>child, or lost</td></tr>
 * <tr><td>{@code LINKED}</td><td>old file</td><td>old file</td><td>child, or lost</td></tr>
 * <tr><td>{@code BETWEEN} (two renames only)</td><td>missing</td><td>old file</td>
 *     <td>child, or lost</td></tr>
 * <tr><td>{@code DONE}</td><td>child</td><td>old file</td><td>free</td></tr>
 * </table>
 *
 * "Lost" is the name of a child that nothing had synced the directory for: then only rolling back
 * is left, or another child. {@code DONE} after a power cut is not known to be durable until {@link
 * #rollForward} has synced the directories.
 *
 * <p>A file system without a journal may make a rename in two steps, and a power cut leave the new
 * name with the old one beside it: the states are told apart all the same, and the second name goes
 * in either direction. One that makes the two steps in any order may lose the file that is renamed:
 * here that is only ever the one that has a further durable name, unless it can have none ({@link
 * SwitchMethod#TWO_RENAMES}).
 *
 * <h2>Threads and processes</h2>
 *
 * Not for use by two threads at once. The caller keeps others away from the three names, and from
 * writing the live file: who has it open goes on writing to the frozen one.
 */
public final class Fork {

  private final Volume volume;
  private final Path live;
  private final Path frozen;
  private final Path child;

  /** What {@link #createChild} made without a name. */
  private @Nullable FileIdentity unnamed;

  /**
   * A fork of these names; nothing happens yet.
   *
   * @param live the file to freeze
   * @param frozen the name it is to have; free, and not used before, or {@link #state} may take
   *     what stands there for the frozen file
   * @param child the name under which the child stands until it is the live file
   * @throws IllegalArgumentException when child and live file are not in one directory, or two
   *     names are the same
   */
  public Fork(Volume volume, Path live, Path frozen, Path child) {
    if (!NewFile.directoryOf(live).equals(NewFile.directoryOf(child))) {
      throw new IllegalArgumentException(child + " is not in the directory of " + live);
    } else if (live.equals(frozen) || live.equals(child) || frozen.equals(child)) {
      throw new IllegalArgumentException("a name twice: " + live + ", " + frozen + ", " + child);
    }
    this.volume = volume;
    this.live = live;
    this.frozen = frozen;
    this.child = child;
  }

  /**
   * Makes an empty file for the child, with the live file's permissions: without a name where the
   * file system can ({@code O_TMPFILE}), so that a killed process leaves nothing behind, else under
   * the child's name. For {@link #run(BlockFile)}; the caller closes it.
   */
  public BlockFile createChild() throws IOException {
    BlockFile made = volume.createUnnamed(NewFile.directoryOf(child));
    if (made != null) {
      NewFile.prepare(volume, live, made, null);
      unnamed = made.identity();
    } else {
      made = volume.open(child, OpenOptions.creatingNew());
      NewFile.prepare(volume, live, made, child);
    }
    return made;
  }

  /**
   * Forks with the child of this fork's {@link #createChild()}: makes it durable, names it, and
   * {@link #run}s.
   */
  public SwitchMethod run(BlockFile filled) throws IOException {
    complete(filled);
    return run();
  }

  /** Makes what was written durable, and gives the file its name when it has none yet. */
  void complete(BlockFile filled) throws IOException {
    filled.syncAll();
    if (filled.identity().equals(unnamed)) {
      name(filled);
      unnamed = null;
    } else {
      NewFile.requireNamed(volume, filled, child);
    }
  }

  private void name(BlockFile filled) throws IOException {
    try {
      volume.linkUnnamed(filled, child);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException e) {
      if (!UnnamedFile.isRefusal(e)) {
        throw e;
      }
      copyToName(filled, e);
    }
  }

  /** The next way where the child was made without a name, and cannot be given one. */
  private void copyToName(BlockFile filled, IOException refusal) throws IOException {
    try (BlockFile copy = volume.open(child, OpenOptions.creatingNew())) {
      try {
        UnnamedFile.copy(volume, filled, live, copy);
      } catch (IOException e) {
        volume.unlink(child);
        throw e;
      }
    } catch (IOException e) {
      e.addSuppressed(refusal);
      throw e;
    }
  }

  /**
   * Forks. The child stands under its name, complete and synced; whether the name is durable does
   * not matter. Frozen file and child are durable under their names when this returns.
   *
   * <p>When it fails, the live name holds what it held before, unless undoing failed too or only
   * the last sync did: {@link #state} tells. The child is left where it is.
   *
   * @return which way it went: {@link SwitchMethod#LINK} or {@link SwitchMethod#TWO_RENAMES}
   * @throws FileAlreadyExistsException when there is something under the frozen name
   * @throws NoSuchFileException when there is no live file or no child
   * @throws DifferentFileSystemException when the frozen name is of another file system
   */
  public SwitchMethod run() throws IOException {
    NewFile.requireRegular(volume, child);
    NewFile.requireRegular(volume, live);
    if (linked()) {
      replaceLinked();
      return SwitchMethod.LINK;
    }
    moveAside();
    moveIn();
    return SwitchMethod.TWO_RENAMES;
  }

  private boolean linked() throws IOException {
    try {
      volume.link(live, frozen);
      return true;
    } catch (SystemCallException e) {
      throwIfBetweenFileSystems(e);
      if (!refusesLinks(e)) {
        throw e;
      }
      return false;
    }
  }

  /** {@code link(2)}: EPERM where there are no links, or none to files of others. */
  static boolean refusesLinks(SystemCallException failure) {
    int errno = failure.errno();
    return errno == Errno.EPERM.number()
        || errno == Errno.EOPNOTSUPP.number()
        || errno == Errno.ENOSYS.number()
        || errno == Errno.EMLINK.number();
  }

  private void throwIfBetweenFileSystems(SystemCallException failure) throws IOException {
    if (failure.errno() == Errno.EXDEV.number()) {
      throw new DifferentFileSystemException(live, frozen, failure);
    }
  }

  private void replaceLinked() throws IOException {
    try {
      volume.syncDirectory(NewFile.directoryOf(frozen));
      volume.rename(child, live, RenameMode.REPLACE);
    } catch (IOException e) {
      try {
        dropSecondName();
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
    volume.syncDirectory(NewFile.directoryOf(live));
  }

  /** Takes the frozen name away, but never the only one that the old file has. */
  private void dropSecondName() throws IOException {
    if (state() == SwitchState.LINKED) {
      volume.unlink(frozen);
    }
  }

  private void moveAside() throws IOException {
    try {
      if (!movedUnlessTaken()) {
        // Where names can neither be linked nor be renamed unless taken, looking has to do.
        if (NewFile.identity(volume, frozen) != null) {
          throw new FileAlreadyExistsException(frozen.toString(), null, Errno.EEXIST.text());
        }
        volume.rename(live, frozen, RenameMode.REPLACE);
      }
    } catch (SystemCallException e) {
      throwIfBetweenFileSystems(e);
      throw e;
    }
  }

  private boolean movedUnlessTaken() throws IOException {
    try {
      volume.rename(live, frozen, RenameMode.NO_REPLACE);
      return true;
    } catch (SystemCallException e) {
      if (!refusesLinks(e)) {
        throw e;
      }
      return false;
    }
  }

  private void moveIn() throws IOException {
    try {
      syncBoth();
      volume.rename(child, live, RenameMode.REPLACE);
    } catch (IOException e) {
      try {
        volume.rename(frozen, live, RenameMode.REPLACE);
      } catch (IOException other) {
        e.addSuppressed(other);
      }
      throw e;
    }
    volume.syncDirectory(NewFile.directoryOf(live));
  }

  private void syncBoth() throws IOException {
    volume.syncDirectory(NewFile.directoryOf(frozen));
    if (!NewFile.directoryOf(frozen).equals(NewFile.directoryOf(live))) {
      volume.syncDirectory(NewFile.directoryOf(live));
    }
  }

  /** How far it has come, told by the names; changes nothing. */
  public SwitchState state() throws IOException {
    FileIdentity liveFile = NewFile.identity(volume, live);
    FileIdentity frozenFile = NewFile.identity(volume, frozen);
    if (frozenFile == null) {
      return liveFile == null ? SwitchState.UNEXPLAINED : SwitchState.UNCHANGED;
    } else if (liveFile == null) {
      return SwitchState.BETWEEN;
    } else if (liveFile.equals(frozenFile)) {
      return SwitchState.LINKED;
    }
    FileIdentity childFile = NewFile.identity(volume, child);
    boolean childDone = childFile == null || isSecondName(childFile, liveFile, frozenFile);
    return childDone ? SwitchState.DONE : SwitchState.UNEXPLAINED;
  }

  /** Whether the child's name is one that a rename left beside the new name of the same file. */
  private static boolean isSecondName(
      FileIdentity childFile, FileIdentity liveFile, FileIdentity frozenFile) {
    return childFile.equals(liveFile) || childFile.equals(frozenFile);
  }

  /**
   * Brings to its end what was begun, from wherever it stands; durable on return. The caller knows
   * that the child was complete, which the names do not tell: it was when {@link #run} had begun.
   *
   * @throws NoSuchFileException when the child was lost; nothing is changed then
   * @throws FileSystemException when the names fit no state of a fork; nothing is changed then
   */
  public void rollForward() throws IOException {
    switch (state()) {
      case UNCHANGED -> run();
      case LINKED -> {
        NewFile.requireRegular(volume, child);
        replaceLinked();
      }
      case BETWEEN -> {
        NewFile.requireRegular(volume, child);
        moveIn();
      }
      case DONE -> {
        removeChild();
        syncBoth();
      }
      default -> throw unexplained(live, frozen);
    }
  }

  /**
   * Makes the names what they were before, from wherever they stand, and removes the child; durable
   * on return. From {@link SwitchState#DONE} too, where what was written to the child since is lost
   * with it.
   *
   * @throws FileSystemException when the names fit no state of a fork; nothing is changed then
   */
  public void rollBack() throws IOException {
    switch (state()) {
      case UNCHANGED -> {}
      case LINKED -> volume.unlink(frozen);
      case BETWEEN -> volume.rename(frozen, live, RenameMode.REPLACE);
      case DONE -> putBack();
      default -> throw unexplained(live, frozen);
    }
    removeChild();
    syncBoth();
  }

  /**
   * Makes the frozen file live again; it keeps a durable name all the while, if it can have two.
   */
  private void putBack() throws IOException {
    if (linkedToChild()) {
      volume.rename(child, live, RenameMode.REPLACE);
      volume.syncDirectory(NewFile.directoryOf(live));
      volume.unlink(frozen);
    } else {
      volume.rename(frozen, live, RenameMode.REPLACE);
    }
  }

  private boolean linkedToChild() throws IOException {
    FileIdentity childFile = NewFile.identity(volume, child);
    if (childFile != null && childFile.equals(NewFile.identity(volume, frozen))) {
      return true;
    }
    removeChild();
    try {
      volume.link(frozen, child);
      return true;
    } catch (SystemCallException e) {
      if (!refusesLinks(e)) {
        throw e;
      }
      return false;
    }
  }

  private void removeChild() throws IOException {
    try {
      volume.unlink(child);
    } catch (NoSuchFileException e) {
      // It never had its name, or lost it, or is the live file.
    }
  }

  static FileSystemException unexplained(Path live, Path other) {
    String reason = "neither before nor after the switch, nor on the way";
    return new FileSystemException(live.toString(), other.toString(), reason);
  }
}
