package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.catalogue.Intent.Phase;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.model.Holder;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Intents as rows. */
public final class Intents {

  private static final String SELECT = "SELECT * FROM intent ";

  private final Rows rows;

  /** Within a transaction. */
  public Intents(Rows rows) {
    this.rows = rows;
  }

  /** Writes a new one down; returns it with its number. */
  public Intent add(Intent intent, Instant now) throws CatalogueException {
    Holder holder = intent.holder();
    long seq =
        rows.insert(
            "INSERT INTO intent (operation, box_id, phase, holder_pid, holder_started,"
                + " holder_command, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            intent.operation(),
            intent.boxId(),
            label(intent.phase()),
            holder.pid(),
            holder.startedAt().toEpochMilli(),
            holder.command(),
            now.toEpochMilli());
    addFiles(seq, "made", intent.made());
    addFiles(seq, "doomed", intent.doomed());
    addFiles(seq, "read", intent.read());
    for (int at = 0; at < intent.switches().size(); at++) {
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
    for (int at = 0; at < intent.holds().size(); at++) {
      Hold hold = intent.holds().get(at);
      rows.update(
          "INSERT INTO intent_hold VALUES (?, ?, ?, ?)",
          seq,
          at,
          hold.kind().label(),
          hold.target());
    }
    for (int at = 0; at < intent.changes().size(); at++) {
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
    while (row.size() < Change.MAX_PARAMETERS + 3) {
      row.add(null);
    }
    rows.update(
        "INSERT INTO intent_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.toArray());
  }

  /** All, oldest first. */
  public List<Intent> all() throws CatalogueException {
    return whole(rows.list(SELECT + "ORDER BY seq", Intents::read));
  }

  /** The one of a number, or null. */
  public @Nullable Intent bySeq(long seq) throws CatalogueException {
    List<Intent> found = whole(rows.list(SELECT + "WHERE seq = ?", Intents::read, seq));
    return found.isEmpty() ? null : found.getFirst();
  }

  /** Those that are done to a box. */
  public List<Intent> ofBox(String boxId) throws CatalogueException {
    return whole(rows.list(SELECT + "WHERE box_id = ?", Intents::read, boxId));
  }

  /** Those that a process of this number carries out. */
  public List<Intent> ofProcess(long pid) throws CatalogueException {
    return whole(rows.list(SELECT + "WHERE holder_pid = ?", Intents::read, pid));
  }

  private List<Intent> whole(List<Intent> heads) throws CatalogueException {
    List<Intent> intents = new ArrayList<>();
    for (Intent head : heads) {
      intents.add(
          new Intent(
              head.seq(),
              head.operation(),
              head.boxId(),
              head.phase(),
              head.holder(),
              files(head.seq(), "made"),
              files(head.seq(), "read"),
              rows.list(
                  "SELECT * FROM intent_switch WHERE intent = ? ORDER BY position",
                  Intents::readSwitch,
                  head.seq()),
              rows.list(
                  "SELECT * FROM intent_change WHERE intent = ? ORDER BY position",
                  Intents::readChange,
                  head.seq()),
              files(head.seq(), "doomed"),
              rows.list(
                  "SELECT * FROM intent_hold WHERE intent = ? ORDER BY position",
                  row -> new Hold(Hold.Kind.ofLabel(row.text("kind")), row.text("target")),
                  head.seq())));
    }
    return intents;
  }

  private List<String> files(long seq, String role) throws CatalogueException {
    return rows.list(
        "SELECT file FROM intent_file WHERE intent = ? AND role = ? ORDER BY file",
        row -> row.text("file"),
        seq,
        role);
  }

  /** Makes the changes of an intent, and leaves of it what is still to do: files that go. */
  public void complete(Intent intent) throws CatalogueException {
    for (Change change : intent.changes()) {
      change.apply(rows);
    }
    if (intent.doomed().isEmpty()) {
      remove(intent);
    } else {
      rows.update("UPDATE intent SET phase = 'sweeping' WHERE seq = ?", intent.seq());
      rows.update("DELETE FROM intent_switch WHERE intent = ?", intent.seq());
      rows.update("DELETE FROM intent_change WHERE intent = ?", intent.seq());
      rows.update("DELETE FROM intent_hold WHERE intent = ?", intent.seq());
      rows.update("DELETE FROM intent_file WHERE intent = ? AND role <> 'doomed'", intent.seq());
    }
  }

  /** Whether those that it holds still were not let go in time once. */
  public boolean thawWasLate(Intent intent) throws CatalogueException {
    Boolean late =
        rows.first(
            "SELECT thaw_was_late FROM intent WHERE seq = ?",
            row -> row.number("thaw_was_late") != 0,
            intent.seq());
    return late != null && late;
  }

  /** Notes that they were not. */
  public void noteLateThaw(Intent intent) throws CatalogueException {
    rows.update("UPDATE intent SET thaw_was_late = 1 WHERE seq = ?", intent.seq());
  }

  /** It is over. */
  public void remove(Intent intent) throws CatalogueException {
    rows.update("DELETE FROM intent WHERE seq = ?", intent.seq());
  }

  /** Makes changes that need no intent, being changes of the catalogue alone. */
  public void apply(List<Change> changes) throws CatalogueException {
    for (Change change : changes) {
      change.apply(rows);
    }
  }

  private static String label(Phase phase) {
    return phase.name().toLowerCase(Locale.ROOT);
  }

  private static Intent read(Row row) throws SQLException {
    return new Intent(
        row.number("seq"),
        row.text("operation"),
        row.textOrNull("box_id"),
        Phase.valueOf(row.text("phase").toUpperCase(Locale.ROOT)),
        new Holder(
            row.number("holder_pid"), row.time("holder_started"), row.text("holder_command")),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of());
  }

  private static FileSwitch readSwitch(Row row) throws SQLException {
    return new FileSwitch(
        FileSwitch.Kind.valueOf(row.text("kind").toUpperCase(Locale.ROOT)),
        row.text("live"),
        row.text("other"),
        row.text("fresh"),
        row.number("inode"));
  }

  private static Change readChange(Row row) throws SQLException {
    List<@Nullable Object> parameters = new ArrayList<>();
    Change.Statement statement = Change.Statement.valueOf(row.text("statement"));
    for (int at = 1; at <= statement.parameters(); at++) {
      parameters.add(row.valueOrNull("p" + at));
    }
    return new Change(statement, parameters);
  }
}
