package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.HomeFinding.DeadHolder;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.QuarantinedBox;
import io.github.qcow4j.snapshot.operation.ImageCheckup.Verdict;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The check of one box, which is kept from others meanwhile. For one thread. */
final class BoxCheckup implements Closeable {

  private final Home home;
  private final BoxRow box;
  private final Findings findings;
  private final CutShort cutShort;
  private final LeaseSet held;

  private BoxCheckup(Home home, BoxRow box, Findings findings, CutShort cutShort, LeaseSet held) {
    this.home = home;
    this.box = box;
    this.findings = findings;
    this.cutShort = cutShort;
    this.held = held;
  }

  /**
   * Begins one; null when somebody works on the box or runs it, which is noted. Whoever did until
   * now may have died in the midst of it: that is ended first, by this process or by another one.
   */
  static @Nullable BoxCheckup of(Home home, BoxRow box, Findings findings, CutShort cutShort)
      throws IOException {
    Lease lease = home.leases().operation(box.seq());
    if (lease == null) {
      findings.add(new InUse(named(box), home.worker(box)));
      return null;
    }
    LeaseSet held = new LeaseSet();
    held.add(lease);
    try {
      BoxRow now = cutShort.endOn(box) ? home.read(rows -> new Boxes(rows).byId(box.id())) : null;
      if (now != null && home.isRunning(now)) {
        Holder holder = now.holder();
        findings.add(new InUse(named(now), holder == null ? null : holder.inWords()));
      } else if (now != null) {
        BoxCheckup begun = new BoxCheckup(home, now, findings, cutShort, held);
        begun.checkHolder();
        return begun;
      }
      held.close();
      return null;
    } catch (IOException | RuntimeException e) {
      try (held) {
        throw e;
      }
    }
  }

  private static String named(BoxRow box) {
    return "box '" + box.name() + "'";
  }

  private void checkHolder() throws IOException {
    if (box.status() == BoxStatus.RUNNING) {
      findings.add(
          new DeadHolder(named(box), box.holder()),
          () ->
              home.catalogue()
                  .write(rows -> {
                    new Boxes(rows).setHolder(box.id(), null);
                    return "noted as stopped";
                  }));
    }
  }

  /** The live disks, and what a restore has kept. */
  List<ImageRow> images() throws IOException {
    List<ImageRow> images = new ArrayList<>();
    home.read(rows -> {
      new Boxes(rows).disks(box.id()).forEach(disk -> images.add(disk.image()));
      new Boxes(rows).kept(box.id()).forEach(disk -> images.add(disk.image()));
      return images;
    });
    return images;
  }

  /**
   * Puts the box under quarantine when it cannot be relied on, and lifts it from one that can.
   *
   * @param verdicts on all images that were looked at
   */
  void judge(Links links, Map<String, Verdict> verdicts) throws IOException {
    boolean bad = cutShort.isStuck(box);
    boolean sound = !bad;
    for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
      ImageRow now = links.at(home.layout().resolve(disk.image().file()));
      for (ImageRow each : now == null ? List.<ImageRow>of() : links.chain(now)) {
        Verdict verdict = verdicts.getOrDefault(each.id(), Verdict.UNKNOWN);
        bad |= verdict == Verdict.BAD;
        sound &= verdict == Verdict.SOUND;
      }
    }
    boolean quarantined = box.status() == BoxStatus.QUARANTINED;
    if (quarantined && sound) {
      findings.add(new QuarantinedBox(named(box)), () -> status(BoxStatus.STOPPED));
    } else if (quarantined) {
      findings.add(new QuarantinedBox(named(box)));
    } else if (bad && findings.repairing()) {
      String _ = status(BoxStatus.QUARANTINED);
      findings.add(new QuarantinedBox(named(box)));
    }
  }

  private String status(BoxStatus status) throws IOException {
    return home.catalogue()
        .write(rows -> {
          new Boxes(rows).setStatus(box.id(), status);
          return "its disks are sound: it is " + status.label() + " again";
        });
  }

  @Override
  public void close() throws IOException {
    held.close();
  }
}
