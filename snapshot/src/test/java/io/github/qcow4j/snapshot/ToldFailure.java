package io.github.qcow4j.snapshot;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;

/** What an operation says that failed because a disk did. */
final class ToldFailure {

  private ToldFailure() {}

  /** Fails when it says that something on disk is damaged: its user would give that up. */
  static void requireNotCalledCorrupt(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      boolean corrupt =
          each instanceof CorruptImageException
              || each instanceof DamagedTransferException
              || (each instanceof BoxException box && box.kind() == BoxException.Kind.CORRUPT);
      if (corrupt) {
        throw new AssertionError("a failure of the disk was called corrupt: " + each, failure);
      }
    }
  }
}
