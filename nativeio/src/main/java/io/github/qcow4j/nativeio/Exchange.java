package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Puts a new file in a live file's place, and keeps the replaced one under another name: how a disk
 * is restored that may want to be as it was. Unlike the child of a {@link Fork} the new file does
 * not refer to the replaced one.
 *
 * <h2>Order</h2>
 *
 * New file complete and durable → exchange of the two names in one step ({@code renameat2(2)},
 * {@code RENAME_EXCHANGE}), on disk too, as a journal makes it → sync of their directory → further
 * name for the replaced file, the kept one ({@code link(2)}) → sync → removal of its first → sync;
 * a rename where the file system refuses further names. Where provider or file system refuse to
 * exchange, as {@link Fork} does it; {@link #run()} returns which way it went.
 *
 * <h2>After a failure or a power cut</h2>
 *
 * What {@link Fork} says, with one more state: {@link SwitchState#EXCHANGED}. Names alone do not
 * tell it from {@code UNCHANGED}, so that the journal has to hold the inode number of the new file
 * too.
 *
 * <h2>Threads and processes</h2>
 *
 * Not for use by two threads at once. The caller keeps others away from the three names.
 */
public final class Exchange {

  private final Volume volume;
  private final Path live;
  private final Path kept;
  private final Path fresh;
  private final Fork fork;

  /**
   * An exchange of these names; nothing happens yet.
   *
   * @param live the file to replace
   * @param kept the name for the replaced file, of the same file system; free, and not used before
   * @param fresh the name under which the new file stands until it is the live one
   * @throws IllegalArgumentException when new and live file are not in one directory, or two names
   *     are the same
   */
  public Exchange(Volume volume, Path live, Path kept, Path fresh) {
    this.volume = volume;
    this.live = live;
    this.kept = kept;
    this.fresh = fresh;
    this.fork = new Fork(volume, live, kept, fresh);
  }

  /** Makes an empty new file: {@link Fork#createChild}. */
  public BlockFile createFresh() throws IOException {
    return fork.createChild();
  }

  /** Exchanges with a file of {@link #createFresh()}: makes it durable, names it, {@link #run}s. */
  public SwitchMethod run(BlockFile filled) throws IOException {
    fork.complete(filled);
    return run();
  }

  /**
   * Exchanges. The new file stands under its name, complete and synced. Both files are durable
   * under their names when this returns.
   *
   * <p>When it fails, the live name holds what it held before, unless undoing failed too or only
   * the last sync did: {@link #state} tells.
   *
   * @throws FileAlreadyExistsException when there is something under the kept name
   * @throws NoSuchFileException when there is no live or no new file
   * @throws DifferentFileSystemException when the kept name is of another file system
   */
  public SwitchMethod run() throws IOException {
    NewFile.requireRegular(volume, fresh);
    NewFile.requireRegular(volume, live);
    if (NewFile.identity(volume, kept) != null) {
      throw new FileAlreadyExistsException(kept.toString(), null, Errno.EEXIST.text());
    }
    if (!NewFile.exchanged(volume, fresh, live)) {
      return fork.run();
    }
    try {
      volume.syncDirectory(NewFile.directoryOf(live));
      keep();
    } catch (IOException e) {
      undo(e);
      throw e;
    }
    syncBoth();
    return SwitchMethod.EXCHANGE;
  }

  /** Gives the replaced file its second name before it loses the first, if it can have two. */
  private void keep() throws IOException {
    if (linkedToKept()) {
      volume.unlink(fresh);
      return;
    }
    try {
      volume.rename(fresh, kept, RenameMode.NO_REPLACE);
    } catch (SystemCallException e) {
      throwIfBetweenFileSystems(e);
      throw e;
    }
  }

  /** Whether the replaced file has the kept name too, durable; false where files have one name. */
  private boolean linkedToKept() throws IOException {
    try {
      volume.link(fresh, kept);
    } catch (SystemCallException e) {
      throwIfBetweenFileSystems(e);
      if (!Fork.refusesLinks(e)) {
        throw e;
      }
      return false;
    }
    volume.syncDirectory(NewFile.directoryOf(kept));
    return true;
  }

  private void throwIfBetweenFileSystems(SystemCallException failure) throws IOException {
    if (failure.errno() == Errno.EXDEV.number()) {
      throw new DifferentFileSystemException(live, kept, failure);
    }
  }

  private void undo(IOException failure) {
    try {
      FileIdentity keptFile = NewFile.identity(volume, kept);
      if (keptFile != null && keptFile.equals(NewFile.identity(volume, fresh))) {
        volume.unlink(kept);
      }
      volume.rename(fresh, live, RenameMode.EXCHANGE);
      volume.syncDirectory(NewFile.directoryOf(live));
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private void syncBoth() throws IOException {
    volume.syncDirectory(NewFile.directoryOf(kept));
    if (!NewFile.directoryOf(kept).equals(NewFile.directoryOf(live))) {
      volume.syncDirectory(NewFile.directoryOf(live));
    }
  }

  /**
   * How far it has come; changes nothing.
   *
   * @param freshInode {@link FileIdentity#inode} of the new file
   */
  public SwitchState state(long freshInode) throws IOException {
    SwitchState byNames = fork.state();
    FileIdentity liveFile = NewFile.identity(volume, live);
    boolean liveIsFresh = liveFile != null && liveFile.inode() == freshInode;
    if (byNames == SwitchState.UNCHANGED && liveIsFresh) {
      boolean oldThere = NewFile.identity(volume, fresh) != null;
      return oldThere ? SwitchState.EXCHANGED : SwitchState.UNEXPLAINED;
    }
    return byNames == SwitchState.DONE && !liveIsFresh ? SwitchState.UNEXPLAINED : byNames;
  }

  /**
   * Brings to its end what was begun, from wherever it stands; durable on return. The caller knows
   * that the new file was complete: it was when {@link #run} had begun.
   *
   * @param freshInode {@link FileIdentity#inode} of the new file
   * @throws NoSuchFileException when the new file was lost; nothing is changed then
   * @throws FileSystemException when the names fit no state of an exchange; nothing is changed then
   */
  public void rollForward(long freshInode) throws IOException {
    switch (state(freshInode)) {
      case UNCHANGED -> run();
      case EXCHANGED -> {
        volume.syncDirectory(NewFile.directoryOf(live));
        keep();
        syncBoth();
      }
      case UNEXPLAINED -> throw Fork.unexplained(live, kept);
      default -> fork.rollForward();
    }
  }

  /**
   * Makes the names what they were before, from wherever they stand, and removes the new file;
   * durable on return. From {@link SwitchState#DONE} too: then the replaced file is live again.
   *
   * @param freshInode {@link FileIdentity#inode} of the new file
   * @throws FileSystemException when the names fit no state of an exchange; nothing is changed then
   */
  public void rollBack(long freshInode) throws IOException {
    switch (state(freshInode)) {
      case EXCHANGED -> {
        if (linkedToKept()) {
          fork.rollBack();
        } else {
          volume.rename(fresh, live, RenameMode.REPLACE);
          syncBoth();
        }
      }
      case UNEXPLAINED -> throw Fork.unexplained(live, kept);
      default -> fork.rollBack();
    }
  }
}
