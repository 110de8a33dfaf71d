package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.CatalogueException;
import java.util.List;

/** Files that boxes have beside their disks, as rows. */
public final class CarriedFiles {

  private static final String SELECT = "SELECT * FROM carried_file ";

  private final Rows rows;

  /** Within a transaction. */
  public CarriedFiles(Rows rows) {
    this.rows = rows;
  }

  /** All there are. */
  public List<CarriedRow> all() throws CatalogueException {
    return rows.list(SELECT + "ORDER BY file", CarriedRow::read);
  }

  /** Those that a box has now. */
  public List<CarriedRow> ofBox(String boxId) throws CatalogueException {
    return rows.list(
        SELECT + "WHERE box_id = ? AND kept = 0 ORDER BY name", CarriedRow::read, boxId);
  }

  /** Those of a box, kept ones too, and those of all boxes that share a file with it. */
  public List<CarriedRow> sharedWith(String boxId) throws CatalogueException {
    return rows.list(
        SELECT + "WHERE file IN (SELECT file FROM carried_file WHERE box_id = ?)",
        CarriedRow::read,
        boxId);
  }
}
