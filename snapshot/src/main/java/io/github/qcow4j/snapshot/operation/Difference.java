package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.DiskDifference.Range;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares two moments of a box by their tables: where both find a guest byte in the same layer, or
 * both find zeros, it is the same, for a layer never changes. So it is where two layers share the
 * storage of it, as captures of a running box do. No guest data is read.
 */
public final class Difference {

  private final DiskImage before;
  private final DiskImage after;
  private final List<Layer> beforeLayers;
  private final List<Layer> afterLayers;
  private final List<Range> ranges = new ArrayList<>();

  private Difference(DiskImage before, DiskImage after) {
    this.before = before;
    this.after = after;
    this.beforeLayers = layers(before);
    this.afterLayers = layers(after);
  }

  /**
   * Compares.
   *
   * @param first a snapshot
   * @param second another one, or null for the live disks of the box, which is stopped then
   */
  public static List<DiskDifference> run(
      Home home, String boxName, String first, @Nullable String second) throws IOException {
    List<DiskDifference> differences = new ArrayList<>();
    try (LeaseSet held = new LeaseSet()) {
      BoxRow box =
          second == null
              ? home.lockStopped(boxName, held)
              : home.read(rows -> new Boxes(rows).named(boxName));
      List<DiskRow> old = disks(home, box, first);
      List<DiskRow> present =
          second == null
              ? home.read(rows -> new Boxes(rows).disks(box.id()))
              : disks(home, box, second);
      for (DiskRow oldDisk : old) {
        for (DiskRow newDisk : present) {
          if (newDisk.role().equals(oldDisk.role())) {
            differences.add(compare(home, oldDisk, newDisk, held));
          }
        }
      }
    }
    return differences;
  }

  private static List<DiskRow> disks(Home home, BoxRow box, String snapshot) throws IOException {
    return home.read(rows -> {
      Boxes boxes = new Boxes(rows);
      return boxes.snapshotDisks(boxes.snapshot(box, snapshot).id());
    });
  }

  private static DiskDifference compare(Home home, DiskRow oldDisk, DiskRow newDisk, LeaseSet held)
      throws IOException {
    try (DiskImage before = open(home, oldDisk.image(), held);
        DiskImage after = open(home, newDisk.image(), held)) {
      Difference difference = new Difference(before, after);
      difference.walk();
      return new DiskDifference(
          oldDisk.role(), before.virtualSize(), after.virtualSize(), difference.ranges);
    }
  }

  private static DiskImage open(Home home, ImageRow image, LeaseSet held) throws IOException {
    home.leaseChainForReading(image, held);
    return NewImages.open(
        home.volume(),
        home.layout().resolve(image.file()),
        ImageFormat.byLabel(image.format()).orElseThrow(),
        home.policy());
  }

  /** One layer of a chain: which file it is, and where its data stand. */
  private record Layer(FileIdentity identity, BlockFile dataFile) {

    static Layer of(DiskImage image) {
      BlockFile dataFile = image.dataFile();
      BlockFile file = image instanceof Qcow2Image qcow2 ? qcow2.imageFile() : dataFile;
      return new Layer(file.identity(), dataFile);
    }
  }

  private static List<Layer> layers(DiskImage image) {
    return image.layers().stream().map(Layer::of).toList();
  }

  private void walk() throws IOException {
    long shared = Math.min(before.virtualSize(), after.virtualSize());
    long offset = 0;
    while (offset < shared) {
      Extent old = before.extentAt(offset, shared - offset);
      Extent now = after.extentAt(offset, Math.min(old.lengthBytes(), shared - offset));
      long length = Math.min(old.lengthBytes(), now.lengthBytes());
      if (!same(old, now)) {
        addUnshared(old, now, length);
      }
      offset += length;
    }
    long end = Math.max(before.virtualSize(), after.virtualSize());
    if (end > shared) {
      add(shared, end - shared);
    }
  }

  private boolean same(Extent old, Extent now) {
    return (old.readsAsZeros() && now.readsAsZeros())
        || beforeLayers.get(old.depth()).identity().equals(afterLayers.get(now.depth()).identity());
  }

  /** Adds what of two ranges with data does not stand in the same storage. */
  private void addUnshared(Extent old, Extent now, long lengthBytes) throws IOException {
    long guestOffset = now.guestOffset();
    if (old.kind() != Extent.Kind.DATA || now.kind() != Extent.Kind.DATA) {
      add(guestOffset, lengthBytes);
      return;
    }
    SameStorage storage =
        new SameStorage(
            beforeLayers.get(old.depth()).dataFile(),
            old.hostOffset() + (guestOffset - old.guestOffset()),
            afterLayers.get(now.depth()).dataFile(),
            now.hostOffset());
    storage.differing(lengthBytes, (from, length) -> add(guestOffset + from, length));
  }

  private void add(long guestOffset, long lengthBytes) {
    if (!ranges.isEmpty()) {
      Range last = ranges.getLast();
      if (last.guestOffset() + last.lengthBytes() == guestOffset) {
        ranges.set(
            ranges.size() - 1, new Range(last.guestOffset(), last.lengthBytes() + lengthBytes));
        return;
      }
    }
    ranges.add(new Range(guestOffset, lengthBytes));
  }
}
