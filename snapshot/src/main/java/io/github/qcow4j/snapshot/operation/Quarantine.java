package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.lease.Lease;
import java.io.IOException;

/** The ways out of quarantine, which make all that was begun on the box pointless. */
final class Quarantine {

  private Quarantine() {}

  /**
   * Forgets operations of dead processes on a locked box, or on a live disk of it, that could be
   * neither ended nor undone. Their files are left; those that no image lies on are orphans then.
   */
  static void abandonIntents(Home home, BoxRow box) throws IOException {
    for (Intent intent : home.read(rows -> new Intents(rows).concerning(box.id()))) {
      try (Lease lease = home.leases().intent(intent.seq())) {
        if (lease != null) {
          home.catalogue()
              .write(rows -> {
                new Intents(rows).remove(intent);
                return intent;
              });
        }
      }
    }
  }
}
