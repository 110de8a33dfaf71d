package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.NameTakenException;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Box;
import java.io.IOException;
import java.util.List;

/** Gives a box another name; no file has its name. */
public final class Renaming {

  private Renaming() {}

  /** Renames. */
  public static Box run(Home home, String oldName, String newName) throws IOException {
    Names.require("box", newName);
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lock(oldName, held);
      home.catalogue()
          .write(rows -> {
            if (new Boxes(rows).find(newName) != null) {
              throw new NameTakenException("there is a box '" + newName + "' already");
            }
            new Intents(rows).apply(List.of(Change.renameBox(box.id(), newName)));
            return box;
          });
    }
    return new Views(home).box(newName);
  }
}
