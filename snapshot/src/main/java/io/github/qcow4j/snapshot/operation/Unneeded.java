package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.catalogue.Rows;
import io.github.qcow4j.snapshot.catalogue.SnapshotRow;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds what nothing needs any more once certain images go: they themselves, unless others lie on
 * them, and below them every layer of which no snapshot and no other image is left. For one thread.
 */
final class Unneeded {

  private final Home home;
  private final HeaderAgreement headers;
  private final Set<String> snapshots = new HashSet<>();
  private final List<ImageRow> dropped = new ArrayList<>();

  Unneeded(Home home) {
    this(home, new HeaderAgreement(home));
  }

  /** One of several removals, for all of which headers are asked once. */
  Unneeded(Home home, HeaderAgreement headers) {
    this.home = home;
    this.headers = headers;
  }

  /** A snapshot goes; its images are still to be dropped. */
  void dropSnapshot(String snapshotId) {
    snapshots.add(snapshotId);
  }

  /** An image is not needed for itself any more. */
  void drop(ImageRow image) {
    dropped.add(image);
  }

  /** What goes, from the top of each chain. */
  Map<String, ImageRow> going() throws IOException {
    return home.read(this::going);
  }

  private Map<String, ImageRow> going(Rows rows) throws IOException {
    Images images = new Images(rows);
    Map<String, ImageRow> gone = new LinkedHashMap<>();
    Deque<ImageRow> candidates = new ArrayDeque<>(dropped);
    while (!candidates.isEmpty()) {
      ImageRow image = candidates.remove();
      if (gone.containsKey(image.id()) || isNeeded(rows, image, gone)) {
        continue;
      }
      gone.put(image.id(), image);
      // It may have been what kept the one below; that is asked again now.
      if (image.parent() instanceof Parent.Inside inside) {
        ImageRow below = images.byId(inside.imageId());
        if (below != null && below.kind().frozen()) {
          candidates.add(below);
        }
      }
    }
    return gone;
  }

  private boolean isNeeded(Rows rows, ImageRow image, Map<String, ImageRow> gone)
      throws IOException {
    return isInSnapshot(rows, image)
        || new Images(rows)
            .children(image.id()).stream().anyMatch(child -> !gone.containsKey(child.id()));
  }

  private boolean isInSnapshot(Rows rows, ImageRow image) throws IOException {
    SnapshotRow snapshot = new Boxes(rows).snapshotOf(image.id());
    return snapshot != null && !snapshots.contains(snapshot.id());
  }

  /**
   * Adds the removal to a draft, after what makes them unneeded. Frozen images that go are kept
   * from being read, and the headers of all that stay have to agree that they are not needed.
   *
   * @return what goes
   */
  List<ImageRow> addTo(Draft draft, LeaseSet held) throws IOException {
    Map<String, ImageRow> gone = going();
    for (ImageRow image : gone.values()) {
      if (image.kind().frozen()) {
        home.leaseForChanging(image, held);
      }
    }
    if (!going().keySet().equals(gone.keySet())) {
      throw new InUseException("layers have come into use meanwhile; try again", null);
    }
    List<ImageRow> images = List.copyOf(gone.values());
    headers.requireUnneeded(images);
    for (ImageRow image : dropped) {
      if (image.kind() == ImageKind.SNAPSHOT
          && !gone.containsKey(image.id())
          && !home.read(rows -> isInSnapshot(rows, image))) {
        draft.change(Change.changeKind(image.id(), ImageKind.CLONE_BASE));
      }
    }
    for (ImageRow image : images) {
      draft.change(Change.link(image.id(), null));
    }
    for (ImageRow image : images) {
      draft.change(Change.dropImage(image.id()));
      draft.doomed.add(image.file());
    }
    return images;
  }
}
