package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.catalogue.Intent.Phase;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.model.Holder;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
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
                + " holder_command, created_at, plan) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            intent.operation(),
            intent.boxId(),
            label(intent.phase()),
            holder.pid(),
            holder.startedAt().toEpochMilli(),
            holder.command(),
            now.toEpochMilli(),
            IntentPlan.text(intent));
    return intent.numbered(seq);
  }

  /** All, oldest first. */
  public List<Intent> all() throws CatalogueException {
    return list("ORDER BY seq");
  }

  /** The one of a number, or null. */
  public @Nullable Intent bySeq(long seq) throws CatalogueException {
    List<Intent> found = list("WHERE seq = ?", seq);
    return found.isEmpty() ? null : found.getFirst();
  }

  /** Those that are done to a box. */
  public List<Intent> ofBox(String boxId) throws CatalogueException {
    return list("WHERE box_id = ?", boxId);
  }

  /**
   * Those that are done to a box, or to another one and lay a disk of it on something else: live,
   * kept, or of a snapshot.
   */
  public List<Intent> concerning(String boxId) throws CatalogueException {
    List<Intent> found = new ArrayList<>();
    for (Intent each : all()) {
      if (boxId.equals(each.boxId()) || changesDiskOf(boxId, each)) {
        found.add(each);
      }
    }
    return found;
  }

  private boolean changesDiskOf(String boxId, Intent intent) throws CatalogueException {
    for (FileSwitch each : intent.switches()) {
      BoxRow owner = new Boxes(rows).boxOfFile(each.live());
      if (owner != null && owner.id().equals(boxId)) {
        return true;
      }
    }
    return false;
  }

  /**
   * One that is still to lay a file on something else which another, not yet written down, changes
   * or removes; null for none. Ended after the other it would meet a file that is not there, or not
   * the one it was begun on, and could be neither ended nor undone. All other kinds of changes are
   * to files of the box that it is done to.
   */
  public @Nullable Intent against(Intent draft) throws CatalogueException {
    Set<String> touched = new HashSet<>(draft.doomed());
    draft.switches().forEach(each -> touched.add(each.live()));
    if (touched.isEmpty()) {
      return null;
    }
    for (Intent each : all()) {
      if (each.phase() != Phase.SWEEPING
          && each.switches().stream()
              .anyMatch(
                  one -> one.kind() == FileSwitch.Kind.REBASE && touched.contains(one.live()))) {
        return each;
      }
    }
    return null;
  }

  /**
   * The box that cannot be relied on while an intent is neither ended nor undone, or null for none.
   * A layer goes by laying what is on it on something else: that may be a disk of another box than
   * the one that the layer goes from, live, kept, or of a snapshot.
   */
  public @Nullable String boxInDoubt(Intent intent) throws CatalogueException {
    for (FileSwitch each : intent.switches()) {
      BoxRow owner =
          each.kind() == FileSwitch.Kind.REBASE ? new Boxes(rows).boxOfFile(each.live()) : null;
      if (owner != null) {
        return owner.id();
      }
    }
    return intent.boxId();
  }

  /** Those that a process of this number carries out. */
  public List<Intent> ofProcess(long pid) throws CatalogueException {
    return list("WHERE holder_pid = ?", pid);
  }

  /** A row: what it says itself, and the text of the rest. */
  private record Stored(Intent head, String plan) {}

  private List<Intent> list(String which, @Nullable Object... parameters)
      throws CatalogueException {
    List<Intent> intents = new ArrayList<>();
    for (Stored each : rows.list(SELECT + which, Intents::read, parameters)) {
      intents.add(IntentPlan.read(each.head(), each.plan()));
    }
    return intents;
  }

  /** Makes the changes of an intent, and leaves of it what is still to do: files that go. */
  public void complete(Intent intent) throws CatalogueException {
    for (Change change : intent.changes()) {
      change.apply(rows);
    }
    if (intent.doomed().isEmpty()) {
      remove(intent);
    } else {
      rows.update(
          "UPDATE intent SET phase = 'sweeping', plan = ? WHERE seq = ?",
          IntentPlan.text(intent.sweeping()),
          intent.seq());
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

  private static Stored read(Row row) throws SQLException {
    Intent head =
        new Intent(
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
    return new Stored(head, row.text("plan"));
  }
}
