package io.github.qcow4j.qcow2.testing;

import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;

/** The commands that take, apply and delete internal snapshots, with writes and resizes between. */
final class SnapshotSteps {

  private static final String FILE_NAME = "top.qcow2";

  private final LayerSpec spec;
  private final SplittableRandom random;
  private final List<ReplayStep> steps;
  private final List<ZooSnapshot> snapshots;
  private final Set<Feature> features;
  private int nextId = 1;

  SnapshotSteps(
      LayerSpec spec,
      SplittableRandom random,
      List<ReplayStep> steps,
      List<ZooSnapshot> snapshots,
      Set<Feature> features) {
    this.spec = spec;
    this.random = random;
    this.steps = steps;
    this.snapshots = snapshots;
    this.features = features;
  }

  /**
   * Adds the steps; {@code writer} adds writes for a disk of the size it gets. Returns the size at
   * the end.
   */
  long add(long firstSizeBytes, LongConsumer writer) {
    long size = firstSizeBytes;
    int rounds = random.nextInt(1, 4);
    for (int round = 0; round < rounds; round++) {
      take(size);
      // Resizing would turn VM state, which qemu-img leaves in the active table, into disk content
      // or leaks.
      if (spec.version() == 3 && !features.contains(Feature.VM_STATE) && random.nextInt(3) == 0) {
        size = resize(size);
      }
      writer.accept(size);
    }
    if (random.nextInt(4) == 0 && !features.contains(Feature.VM_STATE)) {
      size = apply();
      writer.accept(size);
    }
    if (snapshots.size() > 1 && random.nextInt(3) == 0) {
      ZooSnapshot gone = snapshots.remove(random.nextInt(snapshots.size()));
      steps.add(ReplayStep.of("qemu-img", "snapshot", "-d", gone.name(), FILE_NAME));
    }
    features.add(Feature.SNAPSHOTS);
    long last = size;
    if (snapshots.stream().anyMatch(snapshot -> snapshot.virtualSizeBytes() != last)) {
      features.add(Feature.SNAPSHOT_SIZE_DIFFERS);
    }
    return size;
  }

  private void take(long size) {
    if (nextId > 1 && random.nextInt(3) == 0) {
      steps.add(
          ReplayStep.of(
              "qemu-io", "-t", "unsafe", "-f", "qcow2", "-c", "write -b -P 77 0 65536", FILE_NAME));
      features.add(Feature.VM_STATE);
    }
    String name = "state %d".formatted(nextId);
    steps.add(ReplayStep.of("qemu-img", "snapshot", "-c", name, FILE_NAME));
    snapshots.add(new ZooSnapshot(Integer.toString(nextId++), name, size));
  }

  private long resize(long size) {
    long resized = Math.max(512, random.nextLong(size / 2, size + size / 2 + 1024) / 512 * 512);
    steps.add(
        ReplayStep.of(
            "qemu-img",
            "resize",
            "-q",
            "--shrink",
            "-f",
            "qcow2",
            FILE_NAME,
            Long.toString(resized)));
    return resized;
  }

  private long apply() {
    ZooSnapshot chosen = snapshots.get(random.nextInt(snapshots.size()));
    steps.add(ReplayStep.of("qemu-img", "snapshot", "-a", chosen.id(), FILE_NAME));
    return chosen.virtualSizeBytes();
  }
}
