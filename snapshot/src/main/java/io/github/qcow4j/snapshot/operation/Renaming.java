package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;

/**
 * Gives a box another name; no file has its name. One change of the catalogue would do: by an
 * intent it can be told whether one that failed was made all the same.
 */
public final class Renaming {

  private Renaming() {}

  /** Renames. */
  public static Box run(Home home, String oldName, String newName) throws IOException {
    Names.require("box", newName);
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(oldName, held);
      Creation.requireFree(home, newName);
      Draft draft = new Draft();
      draft.change(Change.renameBox(box.id(), newName));
      home.runNaming(
          draft.intent(home, Operations.RENAME, box.id()), draft::makeAll, "box '" + newName + "'");
    }
    return Afterwards.see(home, "box '" + oldName + "' is renamed", views -> views.box(newName));
  }
}
