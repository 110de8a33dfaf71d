package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.BoxStatus;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/**
 * Ends what dead processes have begun. It goes by the intents alone, never by stray files, and may
 * itself be cut short anywhere and begun again.
 */
public final class Recovery {

  private final Journal journal;

  /** Over this journal. */
  public Recovery(Journal journal) {
    this.journal = journal;
  }

  /**
   * Ends all intents whose process is dead. Writers of a box that were not let go in time before
   * are left to those who ask for that box: all others would wait as long for nothing. So is what
   * the storage keeps from being ended, as something in the place of a file that is to go.
   *
   * @return how many are over
   */
  public int run() throws IOException {
    int ended = 0;
    for (Intent each : journal.catalogue().read(rows -> new Intents(rows).all())) {
      try (Lease lease = journal.take(each)) {
        if (lease != null && endUnasked(each)) {
          ended++;
        }
      }
    }
    return ended;
  }

  /** The catalogue is everybody's: when that fails, nothing goes on. */
  private boolean endUnasked(Intent intent) throws IOException {
    try {
      return endTaken(intent, false);
    } catch (CatalogueException e) {
      throw e;
    } catch (IOException e) {
      // Who asks for what it is about tries again, and is told.
      return false;
    }
  }

  /**
   * Ends an intent whose process is dead, for somebody who has to know what becomes of it.
   *
   * @throws IOException when the storage kept it from being ended; it stays then
   */
  public Ending run(Intent intent) throws IOException {
    try (Lease lease = journal.take(intent)) {
      if (lease == null) {
        return Ending.BUSY;
      }
      return endTaken(intent, true) ? Ending.ENDED : Ending.LEFT;
    }
  }

  private boolean endTaken(Intent intent, boolean asked) throws IOException {
    Intent now = journal.catalogue().read(rows -> new Intents(rows).bySeq(intent.seq()));
    return now == null || endOrQuarantine(now, asked);
  }

  /**
   * What others have changed under an operation can be neither ended nor undone without guessing:
   * the box whose disks are in doubt, if there is one, is left as it is, and refused from then on.
   * So is what makes no sense at all, such as names that no operation gives. All other boxes go on.
   */
  private boolean endOrQuarantine(Intent intent, boolean again) throws IOException {
    if (intent.phase() == Intent.Phase.DAMAGED) {
      return giveUp(intent);
    }
    try {
      // The files can wait for as long as it takes; a guest that holds still cannot.
      if (!journal.thaw(intent, again)) {
        return false;
      }
      boolean _ = end(intent);
      return true;
    } catch (ImageInUseException e) {
      // Nothing is wrong with a disk that a program has open, such as QEMU; it lets go some time.
      throw e;
    } catch (DisagreementException | ImageException | NoSuchFileException | RuntimeException e) {
      quarantine(intent);
      return false;
    }
  }

  /**
   * What cannot be read stops its box, which people may then restore or remove. Where there is no
   * box nothing that was there before was to change: its files are orphans.
   */
  private boolean giveUp(Intent intent) throws IOException {
    String boxId = intent.boxId();
    return journal
        .catalogue()
        .write(rows -> {
          if (boxId != null && new Boxes(rows).byId(boxId) != null) {
            new Boxes(rows).setStatus(boxId, BoxStatus.QUARANTINED);
            return false;
          }
          new Intents(rows).remove(intent);
          return true;
        });
  }

  /** Where there is no box there is nobody to refuse anything to; check tells of it. */
  private void quarantine(Intent intent) throws IOException {
    journal
        .catalogue()
        .write(rows -> {
          String boxId = new Intents(rows).boxInDoubt(intent);
          if (boxId != null) {
            new Boxes(rows).setStatus(boxId, BoxStatus.QUARANTINED);
          }
          return intent;
        });
  }

  /** Ends or undoes it; answers whether it is done. */
  boolean end(Intent intent) throws IOException {
    return switch (decide(intent)) {
      case SWEEP -> {
        journal.sweep(intent);
        yield true;
      }
      case BACK -> {
        journal.rollBack(intent, intent.switches());
        yield false;
      }
      case FORWARD -> endForward(intent);
    };
  }

  private boolean endForward(Intent intent) throws IOException {
    try {
      journal.rollForward(intent);
      return true;
    } catch (CatalogueException e) {
      if (!e.constraint()) {
        throw e;
      }
      // A name that was free then is taken now.
      journal.rollBack(intent, intent.switches());
      return false;
    }
  }

  private Decision decide(Intent intent) throws IOException {
    List<Progress> progress = new ArrayList<>();
    for (FileSwitch each : intent.switches()) {
      progress.add(FileSwitches.of(journal.volume(), journal.layout(), each).progress());
    }
    return Decision.about(intent.phase(), progress);
  }
}
