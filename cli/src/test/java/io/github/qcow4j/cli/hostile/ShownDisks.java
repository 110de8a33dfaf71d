package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the disk of an image and its snapshots show.
 *
 * @param disk the disk
 * @param snapshots by their names, which are each there once
 */
record ShownDisks(ShownContent disk, Map<String, ShownContent> snapshots) {

  static ShownDisks of(Path image) throws IOException {
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      Qcow2Image opened = (Qcow2Image) disk;
      Map<String, ShownContent> snapshots = new TreeMap<>();
      for (InternalSnapshot snapshot : opened.snapshots()) {
        try (Qcow2Image view = opened.openSnapshot(snapshot)) {
          snapshots.put(snapshot.name(), ShownContent.of(view));
        }
      }
      return new ShownDisks(ShownContent.of(opened), snapshots);
    }
  }

  ShownDisks withDisk(ShownContent changed) {
    return new ShownDisks(changed, snapshots);
  }

  ShownDisks withSnapshot(String name) {
    Map<String, ShownContent> more = new TreeMap<>(snapshots);
    more.put(name, disk);
    return new ShownDisks(disk, more);
  }

  ShownDisks withoutSnapshot(String name) {
    Map<String, ShownContent> fewer = new TreeMap<>(snapshots);
    fewer.remove(name);
    return new ShownDisks(disk, fewer);
  }

  /** Requires that another look has shown this. */
  void requireSame(ShownDisks other, String after) {
    assertThat(other.snapshots.keySet()).as(after).isEqualTo(snapshots.keySet());
    disk.requireSame(other.disk, "the disk after " + after);
    snapshots.forEach((name, content) ->
        content.requireSame(
            other.snapshots.get(name), "snapshot %s after %s".formatted(name, after)));
  }
}
