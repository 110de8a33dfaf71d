package io.github.qcow4j.snapshot.catalogue;

import java.sql.SQLException;

/**
 * A file that a box has beside its disks.
 *
 * @param boxId the box
 * @param kept whether the last restore has replaced it
 * @param name its name where it came from
 * @param file its place below the home; boxes that came together share one
 */
public record CarriedRow(String boxId, boolean kept, String name, String file) {

  static CarriedRow read(Row row) throws SQLException {
    return new CarriedRow(
        row.text("box_id"), row.number("kept") != 0, row.text("name"), row.text("file"));
  }
}
