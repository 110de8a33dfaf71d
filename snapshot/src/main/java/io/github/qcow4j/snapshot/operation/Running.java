package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

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
        note(home, box, holder);
        forget(home, box, held);
        return new Running(home, box, lease);
      } catch (IOException | RuntimeException e) {
        noteNobody(home, box);
        try (lease) {
          throw e;
        }
      }
    }
  }

  /** Comes last of what can fail: a box that could not be held has all that it had. */
  private static void forget(Home home, BoxRow box, LeaseSet held) throws IOException {
    Draft draft = new Draft();
    Forgetting.add(home, draft, box, held);
    if (!draft.changes.isEmpty()) {
      home.journal().run(draft.intent(home, "run", box.id()), draft::makeAll);
    }
  }

  private static void note(Home home, BoxRow box, @Nullable Holder holder) throws IOException {
    home.catalogue()
        .write(rows -> {
          new Boxes(rows).setHolder(box.id(), holder);
          return box;
        });
  }

  private static void noteNobody(Home home, BoxRow box) {
    try {
      note(home, box, null);
    } catch (IOException e) {
      // Whoever reads the note asks for the lease and for the process, and finds neither.
    }
  }

  @Override
  public void writtenBy(Holder writer) throws IOException {
    note(home, box, writer);
  }

  @Override
  public void close() {
    try (lease) {
      noteNobody(home, box);
    }
  }
}
