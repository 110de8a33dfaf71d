package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.util.List;

/** What a restore has kept for undoing it goes with the next operation that writes to the box. */
final class Forgetting {

  private Forgetting() {}

  /** Adds it to a draft, when there is something. */
  static void add(Home home, Draft draft, BoxRow box, LeaseSet held) throws IOException {
    add(home, draft, box, home.read(rows -> new Boxes(rows).kept(box.id())), held);
  }

  /** The same, when what is kept is known. */
  static void add(Home home, Draft draft, BoxRow box, List<DiskRow> kept, LeaseSet held)
      throws IOException {
    if (kept.isEmpty()) {
      return;
    }
    draft.change(Change.forgetKept(box.id()));
    Carrying.forget(home, draft, box);
    Unneeded unneeded = new Unneeded(home);
    for (DiskRow disk : kept) {
      unneeded.drop(disk.image());
    }
    unneeded.addTo(draft, held);
  }
}
