package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.BoxNotFoundException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Holder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Boxes, their disks and snapshots, as rows. */
public final class Boxes {

  private static final String DISKS =
      "SELECT d.role, image.*, edge.parent_id, edge.external, edge.external_format FROM %s d"
          + " JOIN image ON image.id = d.image_id LEFT JOIN edge ON edge.child_id = image.id"
          + " WHERE d.%s = ? ORDER BY %s";

  private final Rows rows;

  /** Within a transaction. */
  public Boxes(Rows rows) {
    this.rows = rows;
  }

  /** All boxes by name. */
  public List<BoxRow> all() throws CatalogueException {
    return rows.list("SELECT * FROM box ORDER BY name", BoxRow::read);
  }

  /** The box of a name. */
  public BoxRow named(String name) throws CatalogueException, BoxNotFoundException {
    BoxRow box = find(name);
    if (box == null) {
      throw new BoxNotFoundException("there is no box '" + name + "'");
    }
    return box;
  }

  /** The box of a name, or null. */
  public @Nullable BoxRow find(String name) throws CatalogueException {
    return rows.first("SELECT * FROM box WHERE name = ?", BoxRow::read, name);
  }

  /** The box of an identifier, or null. */
  public @Nullable BoxRow byId(String id) throws CatalogueException {
    return rows.first("SELECT * FROM box WHERE id = ?", BoxRow::read, id);
  }

  /** The live disks of a box, root first. */
  public List<DiskRow> disks(String boxId) throws CatalogueException {
    return rows.list(DISKS.formatted("disk", "box_id", "d.position"), DiskRow::read, boxId);
  }

  /** What the last restore of a box has replaced. */
  public List<DiskRow> kept(String boxId) throws CatalogueException {
    return rows.list(DISKS.formatted("kept", "box_id", "d.role"), DiskRow::read, boxId);
  }

  /** The disks of a snapshot, root first. */
  public List<DiskRow> snapshotDisks(String snapshotId) throws CatalogueException {
    return rows.list(
        DISKS.formatted("snapshot_disk", "snapshot_id", "d.position"), DiskRow::read, snapshotId);
  }

  /** The snapshots of a box, newest first. */
  public List<SnapshotRow> snapshots(String boxId) throws CatalogueException {
    return rows.list(
        "SELECT * FROM snapshot WHERE box_id = ? ORDER BY seq DESC", SnapshotRow::read, boxId);
  }

  /** The snapshot of a name. */
  public SnapshotRow snapshot(BoxRow box, String name)
      throws CatalogueException, BoxNotFoundException {
    SnapshotRow snapshot = findSnapshot(box.id(), name);
    if (snapshot == null) {
      throw new BoxNotFoundException("box '" + box.name() + "' has no snapshot '" + name + "'");
    }
    return snapshot;
  }

  /** The snapshot of a name, or null. */
  public @Nullable SnapshotRow findSnapshot(String boxId, String name) throws CatalogueException {
    return rows.first(
        "SELECT * FROM snapshot WHERE box_id = ? AND name = ?", SnapshotRow::read, boxId, name);
  }

  /** The snapshot of an identifier, or null. */
  public @Nullable SnapshotRow snapshotById(String id) throws CatalogueException {
    return rows.first("SELECT * FROM snapshot WHERE id = ?", SnapshotRow::read, id);
  }

  /** The snapshot that an image is a disk of, or null. */
  public @Nullable SnapshotRow snapshotOf(String imageId) throws CatalogueException {
    return rows.first(
        "SELECT snapshot.* FROM snapshot_disk JOIN snapshot ON snapshot.id = snapshot_id"
            + " WHERE image_id = ?",
        SnapshotRow::read,
        imageId);
  }

  /** The box that an image is a live or kept disk of, or null. */
  public @Nullable BoxRow boxOf(String imageId) throws CatalogueException {
    return rows.first(
        "SELECT * FROM box WHERE id = (SELECT box_id FROM disk WHERE image_id = ?1"
            + " UNION SELECT box_id FROM kept WHERE image_id = ?1)",
        BoxRow::read,
        imageId);
  }

  /** The box that has the image of a file as a disk, live, kept, or of a snapshot; or null. */
  @Nullable BoxRow boxOfFile(String file) throws CatalogueException {
    return rows.first(
        "SELECT * FROM box WHERE id = (WITH named AS (SELECT id FROM image WHERE file = ?)"
            + " SELECT box_id FROM disk WHERE image_id IN named"
            + " UNION SELECT box_id FROM kept WHERE image_id IN named"
            + " UNION SELECT box_id FROM snapshot JOIN snapshot_disk ON snapshot_id = snapshot.id"
            + " WHERE image_id IN named)",
        BoxRow::read,
        file);
  }

  /** The status of a box that nobody runs. */
  public void setStatus(String boxId, BoxStatus status) throws CatalogueException {
    rows.update("UPDATE box SET status = ? WHERE id = ?", status.label(), boxId);
  }

  /** Notes who holds a box as running, or that nobody does. */
  public void setHolder(String boxId, @Nullable Holder holder) throws CatalogueException {
    rows.update(
        "UPDATE box SET status = ?, holder_pid = ?, holder_started = ?, holder_start = ?,"
            + " holder_command = ? WHERE id = ?",
        (holder == null ? BoxStatus.STOPPED : BoxStatus.RUNNING).label(),
        holder == null ? null : holder.pid(),
        holder == null ? null : holder.startedAt().toEpochMilli(),
        holder == null ? null : holder.start(),
        holder == null ? null : holder.command(),
        boxId);
  }
}
