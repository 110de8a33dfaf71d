package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.archive.CarriedOptions;
import io.github.qcow4j.snapshot.error.CatalogueException;
import java.util.List;

/**
 * Values of secrets in what boxes carry. Former programs kept them as they came in an archive;
 * nothing uses them, and none comes in any more.
 */
final class FormerSecrets {

  /** The last version of catalogues that may hold some. */
  static final int LAST_VERSION = 5;

  private FormerSecrets() {}

  /** A text of options, and where it stands. */
  private record Carried(long row, long position, String text) {}

  /** Takes them out of boxes, and of boxes that recovery may yet make. */
  static void blank(Rows rows) throws CatalogueException {
    List<Carried> ofBoxes =
        rows.list(
            "SELECT seq, carried FROM box WHERE carried IS NOT NULL",
            row -> new Carried(row.number("seq"), 0, row.text("carried")));
    for (Carried each : ofBoxes) {
      String blanked = CarriedOptions.withoutSecrets(each.text());
      if (!blanked.equals(each.text())) {
        rows.update("UPDATE box SET carried = ? WHERE seq = ?", blanked, each.row());
      }
    }
    // The fifth parameter of Change.Statement.ADD_BOX in all these versions.
    List<Carried> ofIntents =
        rows.list(
            "SELECT intent, position, p5 FROM intent_change"
                + " WHERE statement = 'ADD_BOX' AND p5 IS NOT NULL",
            row -> new Carried(row.number("intent"), row.number("position"), row.text("p5")));
    for (Carried each : ofIntents) {
      rows.update(
          "UPDATE intent_change SET p5 = ? WHERE intent = ? AND position = ?",
          CarriedOptions.withoutSecrets(each.text()),
          each.row(),
          each.position());
    }
  }
}
