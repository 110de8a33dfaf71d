package io.github.qcow4j.nativeio.simulator;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was durable at some moment, and all that happened since. Guarded by the volume until the
 * workload is over; then it is only read.
 */
final class History {

  /** The tree as it was durable when this began; never changed. */
  final Inode start;

  final List<Event> events = new ArrayList<>();

  History(Inode present) {
    this.start = copy(present, new IdentityHashMap<>());
  }

  private static Inode copy(Inode inode, Map<Inode, Inode> copies) {
    Inode known = copies.get(inode);
    if (known != null) {
      return known;
    }
    Inode copy = inode.twin(inode.content.copy());
    copies.put(inode, copy);
    inode.entries.forEach((name, child) -> copy.entries.put(name, copy(child, copies)));
    return copy;
  }
}
