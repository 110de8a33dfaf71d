package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change of rows that is decided on now and made later, by this process or by recovery: an intent
 * holds it until then.
 *
 * @param statement which
 * @param parameters its texts, numbers and nulls
 */
public record Change(Statement statement, List<@Nullable Object> parameters) {

  /** The statements; their names stand in catalogues. */
  enum Statement {
    ADD_BOX("INSERT INTO box (id, name, status, created_at, carried) VALUES (?, ?, ?, ?, ?)"),
    RENAME_BOX("UPDATE box SET name = ? WHERE id = ?"),
    SET_STATUS("UPDATE box SET status = ? WHERE id = ?"),
    DROP_BOX("DELETE FROM box WHERE id = ?"),
    ADD_IMAGE(
        "INSERT INTO image (id, kind, file, format, virtual_size, created_at, last_used_at,"
            + " source_box_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    RESIZE_IMAGE("UPDATE image SET virtual_size = ? WHERE id = ?"),
    USE_IMAGE("UPDATE image SET last_used_at = ? WHERE id = ?"),
    CHANGE_KIND("UPDATE image SET kind = ? WHERE id = ?"),
    DROP_IMAGE("DELETE FROM image WHERE id = ?"),
    LINK(
        "INSERT INTO edge (child_id, parent_id, external, external_format) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT (child_id) DO UPDATE SET parent_id = excluded.parent_id,"
            + " external = excluded.external, external_format = excluded.external_format"),
    UNLINK("DELETE FROM edge WHERE child_id = ?"),
    ADD_DISK("INSERT INTO disk (box_id, role, position, image_id) VALUES (?, ?, ?, ?)"),
    DROP_DISKS("DELETE FROM disk WHERE box_id = ?"),
    KEEP("INSERT INTO kept (box_id, role, image_id) VALUES (?, ?, ?)"),
    FORGET_KEPT("DELETE FROM kept WHERE box_id = ?"),
    CARRY("INSERT INTO carried_file (box_id, kept, name, file) VALUES (?, 0, ?, ?)"),
    KEEP_CARRIED(
        "INSERT INTO carried_file (box_id, kept, name, file)"
            + " SELECT box_id, 1, name, file FROM carried_file WHERE box_id = ? AND kept = 0"),
    PUT_BACK_CARRIED("UPDATE carried_file SET kept = 0 WHERE box_id = ? AND kept = 1"),
    DROP_CARRIED("DELETE FROM carried_file WHERE box_id = ? AND kept = ?"),
    ADD_SNAPSHOT(
        "INSERT INTO snapshot (id, box_id, name, description, created_at, last_used_at)"
            + " VALUES (?, ?, ?, ?, ?, ?)"),
    ADD_SNAPSHOT_DISK(
        "INSERT INTO snapshot_disk (snapshot_id, role, position, image_id) VALUES (?, ?, ?, ?)"),
    USE_SNAPSHOT("UPDATE snapshot SET last_used_at = ? WHERE id = ?"),
    DROP_SNAPSHOT("DELETE FROM snapshot WHERE id = ?");

    private final String sql;

    Statement(String sql) {
      this.sql = sql;
    }

    /** How many parameters it has. */
    int parameters() {
      return (int) sql.chars().filter(c -> c == '?').count();
    }
  }

  /** A change whose values are checked. */
  public Change {
    parameters = Collections.unmodifiableList(new ArrayList<>(parameters));
  }

  private static Change of(Statement statement, @Nullable Object... parameters) {
    return new Change(statement, Arrays.asList(parameters));
  }

  /** A stopped box. */
  public static Change addBox(String id, String name, Instant now, @Nullable String carried) {
    return of(Statement.ADD_BOX, id, name, "stopped", now.toEpochMilli(), carried);
  }

  /** Another name. */
  public static Change renameBox(String id, String name) {
    return of(Statement.RENAME_BOX, name, id);
  }

  /** The status of a box that nobody runs. */
  public static Change setStatus(String id, BoxStatus status) {
    return of(Statement.SET_STATUS, status.label(), id);
  }

  /** No box. */
  public static Change dropBox(String id) {
    return of(Statement.DROP_BOX, id);
  }

  /** An image. */
  public static Change addImage(
      String id,
      ImageKind kind,
      String file,
      String format,
      long virtualSizeBytes,
      Instant now,
      @Nullable String sourceBoxId) {
    return of(
        Statement.ADD_IMAGE,
        id,
        kind.label(),
        file,
        format,
        virtualSizeBytes,
        now.toEpochMilli(),
        now.toEpochMilli(),
        sourceBoxId);
  }

  /** Another size of an image's disk. */
  public static Change resizeImage(String id, long virtualSizeBytes) {
    return of(Statement.RESIZE_IMAGE, virtualSizeBytes, id);
  }

  /** An image is used at this moment. */
  public static Change useImage(String id, Instant now) {
    return of(Statement.USE_IMAGE, now.toEpochMilli(), id);
  }

  /** Another kind. */
  public static Change changeKind(String id, ImageKind kind) {
    return of(Statement.CHANGE_KIND, kind.label(), id);
  }

  /** No image; its own link has to be gone before, and every link to it. */
  public static Change dropImage(String id) {
    return of(Statement.DROP_IMAGE, id);
  }

  /** What lies below an image from now on; null for nothing. */
  public static Change link(String childId, @Nullable Parent parent) {
    return switch (parent) {
      case null -> of(Statement.UNLINK, childId);
      case Parent.Inside inside -> of(Statement.LINK, childId, inside.imageId(), null, null);
      case Parent.Outside outside ->
          of(Statement.LINK, childId, null, outside.path(), outside.format());
    };
  }

  /** A live disk of a box. */
  public static Change addDisk(String boxId, String role, int position, String imageId) {
    return of(Statement.ADD_DISK, boxId, role, position, imageId);
  }

  /** No live disks of a box. */
  public static Change dropDisks(String boxId) {
    return of(Statement.DROP_DISKS, boxId);
  }

  /** A disk that was replaced is kept. */
  public static Change keep(String boxId, String role, String imageId) {
    return of(Statement.KEEP, boxId, role, imageId);
  }

  /** What was kept of a box is not any more. */
  public static Change forgetKept(String boxId) {
    return of(Statement.FORGET_KEPT, boxId);
  }

  /** A file that a box has beside its disks. */
  public static Change carry(String boxId, String name, String file) {
    return of(Statement.CARRY, boxId, name, file);
  }

  /** The files that a box has are noted as kept too; none was. */
  public static Change keepCarried(String boxId) {
    return of(Statement.KEEP_CARRIED, boxId);
  }

  /** The files that were kept of a box are its files again; it has none. */
  public static Change putBackCarried(String boxId) {
    return of(Statement.PUT_BACK_CARRIED, boxId);
  }

  /** A box has none of its files any more, or none of those that were kept. */
  public static Change dropCarried(String boxId, boolean kept) {
    return of(Statement.DROP_CARRIED, boxId, kept ? 1 : 0);
  }

  /** A snapshot. */
  public static Change addSnapshot(
      String id, String boxId, String name, String description, Instant now) {
    long millis = now.toEpochMilli();
    return of(Statement.ADD_SNAPSHOT, id, boxId, name, description, millis, millis);
  }

  /** A disk of a snapshot. */
  public static Change addSnapshotDisk(
      String snapshotId, String role, int position, String imageId) {
    return of(Statement.ADD_SNAPSHOT_DISK, snapshotId, role, position, imageId);
  }

  /** A snapshot is used at this moment. */
  public static Change useSnapshot(String id, Instant now) {
    return of(Statement.USE_SNAPSHOT, now.toEpochMilli(), id);
  }

  /** No snapshot; its images stay. */
  public static Change dropSnapshot(String id) {
    return of(Statement.DROP_SNAPSHOT, id);
  }

  void apply(Rows rows) throws CatalogueException {
    rows.update(statement.sql, parameters.toArray());
  }
}
