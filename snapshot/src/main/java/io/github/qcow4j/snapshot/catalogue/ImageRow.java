package io.github.qcow4j.snapshot.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An image of the home.
 *
 * @param seq its number, never used again
 * @param id its identifier
 * @param kind what it is for
 * @param file its place below the home
 * @param format its format's label
 * @param virtualSizeBytes size of its disk
 * @param createdAt when it was made
 * @param lastUsedAt when it was last used
 * @param sourceBoxId the box that it was a disk of, or null
 * @param parent what lies below it, or null
 */
public record ImageRow(
    long seq,
    String id,
    ImageKind kind,
    String file,
    String format,
    long virtualSizeBytes,
    Instant createdAt,
    Instant lastUsedAt,
    @Nullable String sourceBoxId,
    @Nullable Parent parent) {

  static final String SELECT =
      "SELECT image.*, edge.parent_id, edge.external, edge.external_format"
          + " FROM image LEFT JOIN edge ON edge.child_id = image.id ";

  static ImageRow read(Row row) throws SQLException {
    String parentId = row.textOrNull("parent_id");
    String external = row.textOrNull("external");
    Parent parent =
        parentId != null
            ? new Parent.Inside(parentId)
            : external != null ? new Parent.Outside(external, row.text("external_format")) : null;
    return new ImageRow(
        row.number("seq"),
        row.text("id"),
        ImageKind.ofLabel(row.text("kind")),
        row.text("file"),
        row.text("format"),
        row.number("virtual_size"),
        row.time("created_at"),
        row.time("last_used_at"),
        row.textOrNull("source_box_id"),
        parent);
  }
}
