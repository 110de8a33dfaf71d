package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.TableRepeats;
import java.io.IOException;

/** Loads the L1 tables of internal snapshots for those who change them. */
final class SnapshotL1 {

  private SnapshotL1() {}

  /**
   * Loads one.
   *
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when it cannot be where its entry
   *     says
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when it is too large, or names L2
   *     tables again and again
   */
  static L1Table load(BlockFile file, Qcow2Header header, InternalSnapshot snapshot)
      throws IOException {
    SnapshotTable.checkL1(file, header, snapshot);
    return L1Table.load(
        file,
        header,
        snapshot.l1TableOffset(),
        snapshot.l1Entries(),
        "L1 table of snapshot " + snapshot.id(),
        new TableRepeats());
  }
}
