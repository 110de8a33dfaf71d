package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.journal.Ending;
import io.github.qcow4j.snapshot.journal.Recovery;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.model.HomeFinding.HeldWriters;
import io.github.qcow4j.snapshot.model.HomeFinding.HinderedIntent;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.StuckIntent;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ends what dead processes have begun, for a check, and notes what is left of it, each once.
 * Opening the home has ended what could be; others may have died since. For one thread.
 */
final class CutShort {

  private final Home home;
  private final Findings findings;
  private final Set<Long> told = new HashSet<>();
  private final Set<String> stuckBoxes = new HashSet<>();
  private final Set<Long> hindered = new HashSet<>();

  CutShort(Home home, Findings findings) {
    this.home = home;
    this.findings = findings;
  }

  /** All that there is. */
  void end() throws IOException {
    for (Intent each : home.read(rows -> new Intents(rows).all())) {
      Ending _ = end(each);
    }
  }

  /**
   * What there is on a box, on which nobody else begins anything meanwhile. What could not be ended
   * before is not tried again: a hook may hang each time.
   *
   * @return false when another process is just ending something on the box, which is noted
   */
  boolean endOn(BoxRow box) throws IOException {
    List<Intent> intents = home.read(rows -> new Intents(rows).concerning(box.id()));
    if (intents.isEmpty()) {
      stuckBoxes.remove(box.id());
    }
    for (Intent each : intents) {
      if (!told.contains(each.seq()) && end(each) == Ending.BUSY && home.isInTheWay(each)) {
        findings.add(new InUse("box '" + box.name() + "'", home.worker(each)));
        return false;
      }
    }
    return true;
  }

  /** Whether an operation that could be neither ended nor undone leaves a box in doubt. */
  boolean isStuck(BoxRow box) {
    return stuckBoxes.contains(box.id());
  }

  /** Whether an operation waits only for a program that has one of its images open. */
  boolean isHindered(Intent intent) {
    return hindered.contains(intent.seq());
  }

  /** What another process is at is no longer cut short: whatever comes of it, that one tells. */
  private Ending end(Intent intent) throws IOException {
    IOException failure = null;
    try {
      Ending ending = new Recovery(home.journal()).run(intent);
      if (ending != Ending.LEFT) {
        return ending;
      }
    } catch (CatalogueException e) {
      throw e;
    } catch (IOException e) {
      failure = e;
    }
    try (Lease lease = home.leases().intent(intent.seq())) {
      Intent now = lease == null ? null : home.read(rows -> new Intents(rows).bySeq(intent.seq()));
      if (now != null) {
        left(now, failure);
      }
      return lease == null ? Ending.BUSY : Ending.LEFT;
    }
  }

  /**
   * @param failure what keeps it from being ended, or null when that is its own state
   */
  private void left(Intent intent, @Nullable IOException failure) throws IOException {
    String boxId = intent.boxId();
    if (failure instanceof ImageInUseException) {
      hindered.add(intent.seq());
    }
    boolean stuck =
        switch (failure) {
          case null -> intent.holds().isEmpty();
          case ImageInUseException _ -> false;
          default -> home.isInTheWay(intent);
        };
    String doubtful = home.read(rows -> new Intents(rows).boxInDoubt(intent));
    if (doubtful != null && stuck) {
      stuckBoxes.add(doubtful);
    }
    if (told.add(intent.seq())) {
      BoxRow box = boxId == null ? null : home.read(rows -> new Boxes(rows).byId(boxId));
      findings.add(finding(intent, box == null ? null : box.name(), failure));
    }
  }

  private static HomeFinding finding(
      Intent intent, @Nullable String box, @Nullable IOException failure) {
    String name = intent.operation() + " " + intent.seq();
    if (failure != null) {
      return new HinderedIntent(name, box, String.valueOf(failure.getMessage()));
    }
    return intent.holds().isEmpty() ? new StuckIntent(name, box) : new HeldWriters(name, box);
  }
}
