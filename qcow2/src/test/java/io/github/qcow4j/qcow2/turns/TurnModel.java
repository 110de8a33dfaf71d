package io.github.qcow4j.qcow2.turns;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What the disk and its snapshots must show, and what was done to them lately. */
final class TurnModel {

  private static final int MAX_SNAPSHOTS = 4;
  private static final int REMEMBERED_ACTIONS = 30;

  private final TurnSetup setup;
  private final Random random;
  private final Map<String, byte[]> snapshots = new LinkedHashMap<>();
  private final List<String> actions = new ArrayList<>();
  private byte[] disk;
  private int snapshotCount;

  TurnModel(TurnSetup setup, Random random, byte[] disk) {
    this.setup = setup;
    this.random = random;
    this.disk = disk;
  }

  TurnSetup setup() {
    return setup;
  }

  byte[] disk() {
    return disk;
  }

  int length() {
    return disk.length;
  }

  Map<String, byte[]> snapshots() {
    return snapshots;
  }

  void did(String action) {
    actions.add(action);
  }

  /** The last actions, one to a line. */
  String lately() {
    int from = Math.max(0, actions.size() - REMEMBERED_ACTIONS);
    return String.join("\n", actions.subList(from, actions.size()));
  }

  /** What a turn does, apart from reading and writing. */
  enum Change {
    NONE,
    TAKE_SNAPSHOT,
    APPLY_SNAPSHOT,
    DELETE_SNAPSHOT,
    RESIZE,
    COMMIT
  }

  /** Draws something that can be done now. */
  Change anyChange() {
    return switch (random.nextInt(14)) {
      case 0 ->
          setup.maySnapshot() && snapshots.size() < MAX_SNAPSHOTS
              ? Change.TAKE_SNAPSHOT
              : Change.NONE;
      case 1 -> snapshots.isEmpty() ? Change.NONE : Change.APPLY_SNAPSHOT;
      case 2 -> snapshots.isEmpty() ? Change.NONE : Change.DELETE_SNAPSHOT;
      // A snapshot of version 2 has no size of its own.
      case 3 -> setup.version() == 3 || snapshots.isEmpty() ? Change.RESIZE : Change.NONE;
      // A commit changes the backing file, which snapshots may show.
      case 4 -> setup.backed() && snapshots.isEmpty() ? Change.COMMIT : Change.NONE;
      default -> Change.NONE;
    };
  }

  String takeSnapshot() {
    snapshotCount++;
    String name = "s" + snapshotCount;
    snapshots.put(name, disk.clone());
    return name;
  }

  String applySnapshot() {
    String name = anySnapshot();
    disk = snapshots.get(name).clone();
    return name;
  }

  String deleteSnapshot() {
    String name = anySnapshot();
    snapshots.remove(name);
    return name;
  }

  private String anySnapshot() {
    List<String> names = List.copyOf(snapshots.keySet());
    return names.get(random.nextInt(names.size()));
  }

  int resize() {
    disk = Arrays.copyOf(disk, TurnSetup.anySize(random, setup.clusterBytes()));
    return disk.length;
  }

  /** A range of the disk; {@code end} is behind its last byte. */
  record Range(int start, int end) {

    int length() {
      return end - start;
    }
  }

  Range anyRange() {
    int start = random.nextInt(disk.length);
    int most = Math.min(disk.length - start, 5 * setup.clusterBytes());
    int end = start + 1 + random.nextInt(most);
    if (random.nextInt(3) == 0) {
      int mask = random.nextBoolean() ? setup.clusterBytes() - 1 : 511;
      start &= ~mask;
      end = Math.min(disk.length, (end + mask) & ~mask);
    }
    return new Range(start, end);
  }

  void write(Range range, byte[] data) {
    System.arraycopy(data, 0, disk, range.start(), range.length());
  }

  void fill(Range range, int value) {
    Arrays.fill(disk, range.start(), range.end(), (byte) value);
  }

  /** Only whole clusters are given back; the disk's last one is whole when nothing follows. */
  void discard(Range range) {
    if (setup.discardIsIgnored()) {
      return;
    }
    int mask = setup.clusterBytes() - 1;
    int start = (range.start() + mask) & ~mask;
    int end = range.end() == disk.length ? range.end() : range.end() & ~mask;
    if (start < end) {
      fill(new Range(start, end), 0);
    }
  }
}
