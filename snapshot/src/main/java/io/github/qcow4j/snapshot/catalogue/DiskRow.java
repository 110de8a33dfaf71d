package io.github.qcow4j.snapshot.catalogue;

import java.sql.SQLException;

/**
 * An image in its role.
 *
 * @param role the role
 * @param image the image
 */
public record DiskRow(String role, ImageRow image) {

  static DiskRow read(Row row) throws SQLException {
    return new DiskRow(row.text("role"), ImageRow.read(row));
  }
}
