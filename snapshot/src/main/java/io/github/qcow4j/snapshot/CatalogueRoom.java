package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.ChangeLog;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps room for the catalogue on its file system. Even to be read, a catalogue with a log ahead
 * needs some: SQLite makes its shared index of 32 KiB and its log anew for every first process (<a
 * href="https://www.sqlite.org/wal.html">Write-Ahead Logging</a>, 2.3). On a full file system no
 * command could be run, also none that would free space. Therefore a file of 1 MiB is kept. A half
 * of it is given back when room is short, and the other half when that is not enough for whoever
 * opens the home next: an operation that has put its data there may have no room left to write down
 * how it ended. All is taken again when the home is closed and there is room.
 *
 * <p>How much room there is, a file that is made on trial tells at every opening. SQLite's own
 * failure would tell too late: with room for the index alone a home opens, and then nothing can be
 * written. {@code statvfs(3)} knows nothing of quotas, and nothing of the reason. The trial is five
 * system calls and no sync.
 *
 * <p>What a guest or anybody else writes in between may take that room: nothing is promised then
 * but a line that says so.
 */
final class CatalogueRoom {

  /** What is kept. */
  private static final long RESERVED_BYTES = 1 << 20;

  /** The index, and a log of a hundred pages: several removals in one go. */
  private static final long NEEDED_BYTES = 512 << 10;

  /** SQLite gives a page of the index its storage by one byte that it writes into it. */
  private static final long INDEX_PAGE_BYTES = 4096;

  private final Volume volume;
  private final HomeLayout layout;

  CatalogueRoom(Volume volume, HomeLayout layout) {
    this.volume = volume;
    this.layout = layout;
  }

  /**
   * Opens the catalogue; on a file system that is mounted read-only it can only be read.
   *
   * @throws CatalogueException also when there is no room for it; says so then
   */
  Catalogue open(Catalogue.BeforeFirstTables beforeFirst) throws IOException {
    SystemCallException hindrance = hindrance();
    if (hindrance != null && hindrance.errno() == Errno.EROFS.number() && !hasLog()) {
      return Catalogue.openUnchanging(layout.catalogue());
    } else if (hindrance != null && hindrance.isOutOfRoom()) {
      giveBack();
    }
    Catalogue catalogue;
    try {
      catalogue = Catalogue.open(layout.catalogue(), log(), beforeFirst);
    } catch (CatalogueException e) {
      SystemCallException still = e.kind() == BoxException.Kind.FAILED ? hindrance() : null;
      throw still == null ? e : told(still, e);
    }
    if (hindrance == null) {
      keep();
    }
    return catalogue;
  }

  /** The one that lets nobody wait, where no room for its index cannot end the process. */
  private ChangeLog log() {
    try {
      boolean hasLastingPages = volume.lastingBlockBytes(layout.home()) >= INDEX_PAGE_BYTES;
      return hasLastingPages ? ChangeLog.AHEAD : ChangeLog.ROLLBACK;
    } catch (IOException e) {
      // The other one is right everywhere, also where nothing can be asked.
      return ChangeLog.ROLLBACK;
    }
  }

  /** Whether the catalogue's file alone is not what was committed. */
  private boolean hasLog() throws IOException {
    for (String suffix : List.of("-wal", "-journal")) {
      Path log = layout.home().resolve(layout.catalogue().getFileName() + suffix);
      if (volume.exists(log) && volume.status(log).sizeBytes() > 0) {
        return true;
      }
    }
    return false;
  }

  private CatalogueException told(SystemCallException hindrance, CatalogueException cause) {
    String reason = String.valueOf(hindrance.getReason());
    String advice =
        hindrance.isOutOfRoom()
            ? "; free some space on its file system"
            : "; it was not closed where it could be written to, and has to be once";
    return new CatalogueException(
        BoxException.Kind.FAILED,
        "cannot open '%s': %s%s".formatted(layout.catalogue(), reason, advice),
        false,
        cause);
  }

  /** Takes what is to be kept, where there is room; to be called when the catalogue is closed. */
  void keep() {
    long keptBytes = 0;
    try {
      keptBytes = keptBytes();
      if (keptBytes < RESERVED_BYTES && !reserved(reserve(), RESERVED_BYTES)) {
        unlinkQuietly(reserve());
      }
    } catch (IOException e) {
      // It is there for hard times; that they have come is told by what fails then.
      cutQuietly(keptBytes);
    }
  }

  /** What of it is there. */
  private long keptBytes() throws IOException {
    try {
      return volume.status(reserve()).sizeBytes();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private void cutQuietly(long bytes) {
    try {
      cut(bytes);
    } catch (IOException e) {
      // It is gone, or does no harm.
    }
  }

  private void cut(long bytes) throws IOException {
    if (bytes == 0) {
      volume.unlink(reserve());
    } else {
      try (BlockFile file = volume.open(reserve(), OpenOptions.writing())) {
        file.truncate(bytes);
      }
    }
  }

  private Path reserve() {
    return layout.home().resolve("catalogue.reserve");
  }

  /** Whether a file of this size now has its storage; false where file systems cannot say so. */
  private boolean reserved(Path file, long bytes) throws IOException {
    try (BlockFile room = volume.open(file, OpenOptions.creatingIfMissing())) {
      volume.setPermissions(file, HomeLayout.PRIVATE_FILE);
      return room.preallocate(0, bytes);
    }
  }

  /** Why the catalogue could not be written now, or null when it could. */
  private @Nullable SystemCallException hindrance() throws IOException {
    Path trial = layout.home().resolve("catalogue.room");
    try {
      boolean _ = reserved(trial, NEEDED_BYTES);
      return null;
    } catch (SystemCallException e) {
      return e;
    } catch (NoSuchFileException e) {
      // Another process tries the same, and was faster to take it away.
      return null;
    } finally {
      unlinkQuietly(trial);
    }
  }

  private void giveBack() throws IOException {
    try {
      cut(keptBytes() > NEEDED_BYTES ? NEEDED_BYTES : 0);
    } catch (NoSuchFileException e) {
      // It was given back before, or never taken.
    }
  }

  private void unlinkQuietly(Path file) {
    try {
      volume.unlink(file);
    } catch (IOException e) {
      // It is not there, or does no harm.
    }
  }
}
