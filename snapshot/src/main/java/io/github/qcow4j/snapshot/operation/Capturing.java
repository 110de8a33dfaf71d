package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.ProcessIdentity;
import io.github.qcow4j.nativeio.Processes;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.error.DoneUnseenException;
import io.github.qcow4j.snapshot.error.WrongStateException;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Names;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.Captured;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.Consistency;
import io.github.qcow4j.snapshot.quiesce.QuiesceBracket;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import io.github.qcow4j.snapshot.quiesce.QuiescePlan;
import io.github.qcow4j.snapshot.quiesce.Quiesced;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes a snapshot of a box that may be running. Its writer keeps the files open that it has, so
 * that they cannot be frozen under it: while it holds still they are copied, by sharing storage
 * where that is possible. The copies lie on what the live disks lie on.
 */
public final class Capturing {

  private final Home home;
  private final SnapshotRequest request;
  private final JobControl control;
  private final BoxRow box;
  private final List<CapturedFile> files = new ArrayList<>();
  private QuiescePlan plan = QuiescePlan.nothing();
  private @Nullable Quiesced<CopyMethod> quiesced;

  private Capturing(Home home, SnapshotRequest request, JobControl control, BoxRow box) {
    this.home = home;
    this.request = request;
    this.control = control;
    this.box = box;
  }

  /** Makes the snapshot: a fork of a stopped box, a capture of a running one. */
  public static Captured run(Home home, SnapshotRequest request, JobControl control)
      throws IOException {
    Quiesced<CopyMethod> quiesced;
    try (LeaseSet held = new LeaseSet()) {
      Names.require("snapshot", request.name());
      BoxRow box = home.lock(request.box(), held);
      home.requireUsable(box);
      if (!home.isRunning(box)) {
        return Captured.ofStopped(
            Snapshotting.run(home, box, request.name(), request.description(), held, control));
      }
      quiesced = new Capturing(home, request, control, box).capture();
    }
    return new Captured(
        made(home, request, quiesced.thawFailure()),
        quiesced.value(),
        quiesced.consistency(),
        quiesced.shortfalls(),
        quiesced.thawFailure());
  }

  private static Snapshot made(
      Home home, SnapshotRequest request, @Nullable IOException thawFailure) throws IOException {
    try {
      return Afterwards.see(
          home,
          "snapshot '" + request.name() + "' is made",
          views -> views.snapshot(request.box(), request.name()));
    } catch (DoneUnseenException e) {
      if (thawFailure != null) {
        e.addSuppressed(thawFailure);
      }
      throw e;
    }
  }

  private Quiesced<CopyMethod> capture() throws IOException {
    Snapshotting.requireFree(home, box, request.name());
    Instant now = home.now();
    Draft draft = new Draft();
    plan(draft);
    String snapshotId = home.ids().next();
    draft.change(
        Change.addSnapshot(snapshotId, box.id(), request.name(), request.description(), now));
    int position = 0;
    for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
      String layerId = home.ids().next();
      add(disk, layerId, draft, now);
      draft.change(Change.addSnapshotDisk(snapshotId, disk.role(), position, layerId));
      position++;
    }
    home.runNaming(
        draft.intent(home, Operations.SNAPSHOT, box.id()),
        this::make,
        "snapshot '" + request.name() + "'");
    return Objects.requireNonNull(quiesced);
  }

  private void add(DiskRow disk, String layerId, Draft draft, Instant now) throws IOException {
    ImageRow image = disk.image();
    String layerFile = HomeLayout.layer(layerId, ImageFormat.QCOW2);
    Path live = home.layout().resolve(image.file());
    long size = CapturedFile.virtualSize(home.volume(), live);
    files.add(new CapturedFile(home.volume(), live, home.layout().resolve(layerFile), size));
    draft.made.add(layerFile);
    draft.change(
        Change.addImage(
            layerId,
            ImageKind.SNAPSHOT,
            layerFile,
            ImageFormat.QCOW2.label(),
            size,
            now,
            box.id()));
    // A hypervisor may have moved its disk to another backing file; that one is not ours then.
    HeaderAgreement.requireAsNoted(home, image);
    if (image.parent() != null) {
      draft.change(Change.link(layerId, image.parent()));
    }
  }

  private void make() throws IOException {
    Quiesced<CopyMethod> copied = QuiesceBracket.run(plan, control, this::copyAll);
    quiesced = copied;
    try {
      if (copied.consistency() == Consistency.NONE) {
        requireOneInstant(copied.value());
      }
      for (CapturedFile each : files) {
        each.settle(control);
      }
    } catch (IOException | RuntimeException e) {
      if (copied.thawFailure() != null) {
        e.addSuppressed(copied.thawFailure());
      }
      throw e;
    }
  }

  private CopyMethod copyAll(Consistency consistency) throws IOException {
    CopyMethod costliest = CopyMethod.REFLINK;
    for (CapturedFile each : files) {
      CopyMethod method = each.share();
      if (method == null && consistency == Consistency.NONE) {
        requireOneInstant(CopyMethod.USER_COPY);
      } else if (method == null) {
        method = each.copy(control);
      }
      if (method != null && method.compareTo(costliest) > 0) {
        costliest = method;
      }
    }
    return costliest;
  }

  /** What is copied bit by bit while somebody writes is of no moment at all. */
  private void requireOneInstant(CopyMethod method) throws WrongStateException {
    if (method != CopyMethod.REFLINK) {
      throw new WrongStateException(
          "box '%s' is running, nothing holds its writers still, and this file system cannot share"
                  .formatted(box.name())
              + " storage: the copy would be torn; use --quiesce pause, agent or hook, or stop it");
    }
  }

  /** Whom to ask to hold still; noted in the draft, for those who may have to let them go. */
  private void plan(Draft draft) throws IOException {
    QuiesceMode mode = request.mode();
    if (mode instanceof QuiesceMode.None) {
      return;
    }
    Processes processes = Volumes.processes(home.volume());
    ProcessIdentity writer = Runners.living(processes, box.holder());
    plan = QuiescePlan.of(mode, request.onFailure(), processes, writer, box.name());
    if (mode instanceof QuiesceMode.Agent agent) {
      draft.holds.add(LettingGo.agent(agent.socket()));
    } else if (mode instanceof QuiesceMode.Hook hook) {
      draft.holds.add(LettingGo.hook(hook.program()));
    }
    if (writer != null) {
      draft.holds.add(LettingGo.process(writer));
    }
  }
}
