package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.HomeFinding.HeldWriters;
import io.github.qcow4j.snapshot.model.HomeFinding.StuckIntent;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Ends what dead processes have begun, for a check, and notes what is left of it, each once.
 * Opening the home has ended what could be; others may have died since. For one thread.
 */
final class CutShort {

  private final Home home;
  private final Findings findings;
  private final Set<Long> told = new HashSet<>();
  private final Set<String> stuckBoxes = new HashSet<>();

  CutShort(Home home, Findings findings) {
    this.home = home;
    this.findings = findings;
  }

  /** All that there is. */
  void end() throws IOException {
    end(home.read(rows -> new Intents(rows).all()));
  }

  /**
   * What there is on a box, on which nobody else begins anything meanwhile. What could not be ended
   * before is not tried again: a hook may hang each time.
   */
  void endOn(BoxRow box) throws IOException {
    List<Intent> intents = home.read(rows -> new Intents(rows).ofBox(box.id()));
    if (intents.isEmpty()) {
      stuckBoxes.remove(box.id());
    }
    end(intents.stream().filter(each -> !told.contains(each.seq())).toList());
  }

  /** Whether an operation on a box could be neither ended nor undone. */
  boolean isStuck(BoxRow box) {
    return stuckBoxes.contains(box.id());
  }

  private void end(List<Intent> intents) throws IOException {
    for (Intent intent : intents) {
      int _ = new Recovery(home.journal()).run(List.of(intent));
      try (Lease lease = home.leases().intent(intent.seq())) {
        if (lease != null && home.read(rows -> new Intents(rows).bySeq(intent.seq())) != null) {
          left(intent);
        }
      }
    }
  }

  private void left(Intent intent) throws IOException {
    String boxId = intent.boxId();
    if (boxId != null && intent.holds().isEmpty()) {
      stuckBoxes.add(boxId);
    }
    if (told.add(intent.seq())) {
      BoxRow box = boxId == null ? null : home.read(rows -> new Boxes(rows).byId(boxId));
      String name = intent.operation() + " " + intent.seq();
      String boxName = box == null ? null : box.name();
      findings.add(
          intent.holds().isEmpty()
              ? new StuckIntent(name, boxName)
              : new HeldWriters(name, boxName));
    }
  }
}
