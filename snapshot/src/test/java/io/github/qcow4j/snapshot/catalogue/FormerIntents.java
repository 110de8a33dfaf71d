package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.CatalogueException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Intents as programs wrote them whose catalogues were of versions 1 to 6: a row for each part. */
final class FormerIntents {

  /** Those of the first version knew nobody who holds still. */
  static final int FIRST_WITH_HOLDS = 2;

  static final int LAST = 6;

  private static final int PARAMETERS = 8;

  private final Rows rows;

  FormerIntents(Rows rows) {
    this.rows = rows;
  }

  /** Writes one down; returns it with its number. */
  Intent add(Intent intent) throws CatalogueException {
    long seq =
        rows.insert(
            "INSERT INTO intent (operation, box_id, phase, holder_pid, holder_started,"
                + " holder_command, created_at) VALUES (?, ?, ?, ?, ?, ?, 0)",
            intent.operation(),
            intent.boxId(),
            intent.phase() == Intent.Phase.MAKING ? "making" : "sweeping",
            intent.holder().pid(),
            intent.holder().startedAt().toEpochMilli(),
            intent.holder().command());
    addFiles(seq, "made", intent.made());
    addFiles(seq, "doomed", intent.doomed());
    addFiles(seq, "read", intent.read());
    // Backwards: the order is that of the positions, not of the rows.
    for (int at = intent.switches().size() - 1; at >= 0; at--) {
      FileSwitch each = intent.switches().get(at);
      rows.update(
          "INSERT INTO intent_switch VALUES (?, ?, ?, ?, ?, ?, ?)",
          seq,
          at,
          each.kind().label(),
          each.live(),
          each.other(),
          each.fresh(),
          each.inode());
    }
    for (int at = intent.holds().size() - 1; at >= 0; at--) {
      Hold hold = intent.holds().get(at);
      rows.update(
          "INSERT INTO intent_hold VALUES (?, ?, ?, ?)",
          seq,
          at,
          hold.kind().label(),
          hold.target());
    }
    for (int at = intent.changes().size() - 1; at >= 0; at--) {
      addChange(seq, at, intent.changes().get(at));
    }
    return intent.numbered(seq);
  }

  private void addFiles(long seq, String role, List<String> files) throws CatalogueException {
    for (String file : files) {
      rows.update("INSERT INTO intent_file VALUES (?, ?, ?)", seq, role, file);
    }
  }

  private void addChange(long seq, int position, Change change) throws CatalogueException {
    List<@Nullable Object> row = new ArrayList<>();
    row.add(seq);
    row.add(position);
    row.add(change.statement().name());
    row.addAll(change.parameters());
    while (row.size() < PARAMETERS + 3) {
      row.add(null);
    }
    rows.update(
        "INSERT INTO intent_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.toArray());
  }
}
