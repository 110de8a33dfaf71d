package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;

/** Holds a box as running until it is closed, or this process ends. */
public final class Running implements HeldBox {

  private final Home home;
  private final BoxRow box;
  private final Lease lease;

  private Running(Home home, BoxRow box, Lease lease) {
    this.home = home;
    this.box = box;
    this.lease = lease;
  }

  /**
   * Holds it. What a restore has kept goes, for the box is going to be written to.
   *
   * @param holder whom refusals name
   */
  public static Running hold(Home home, String name, Holder holder) throws IOException {
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box = home.lockStopped(name, held);
      Lease lease = home.leases().running(box.seq());
      if (lease == null) {
        throw new InUseException("box '" + name + "' is running", null);
      }
      try {
        Draft draft = new Draft();
        Forgetting.add(home, draft, box, held);
        if (!draft.changes.isEmpty()) {
          home.journal().run(draft.intent(home, "run", box.id()), draft::makeAll);
        }
        home.catalogue()
            .write(rows -> {
              new Boxes(rows).setHolder(box.id(), holder);
              return box;
            });
        return new Running(home, box, lease);
      } catch (IOException | RuntimeException e) {
        try (lease) {
          throw e;
        }
      }
    }
  }

  @Override
  public void writtenBy(Holder writer) throws IOException {
    home.catalogue()
        .write(rows -> {
          new Boxes(rows).setHolder(box.id(), writer);
          return box;
        });
  }

  @Override
  public void close() throws IOException {
    try (lease) {
      home.catalogue()
          .write(rows -> {
            new Boxes(rows).setHolder(box.id(), null);
            return box;
          });
    }
  }
}
