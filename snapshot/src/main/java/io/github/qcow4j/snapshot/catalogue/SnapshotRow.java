package io.github.qcow4j.snapshot.catalogue;

import java.sql.SQLException;
import java.time.Instant;

/**
 * A snapshot.
 *
 * @param id its identifier
 * @param boxId its box
 * @param name its name
 * @param description what people noted
 * @param createdAt when it was made
 * @param lastUsedAt when it was last used
 */
public record SnapshotRow(
    String id,
    String boxId,
    String name,
    String description,
    Instant createdAt,
    Instant lastUsedAt) {

  static SnapshotRow read(Row row) throws SQLException {
    return new SnapshotRow(
        row.text("id"),
        row.text("box_id"),
        row.text("name"),
        row.text("description"),
        row.time("created_at"),
        row.time("last_used_at"));
  }
}
