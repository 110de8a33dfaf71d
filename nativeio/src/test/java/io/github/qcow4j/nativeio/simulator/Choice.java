package io.github.qcow4j.nativeio.simulator;

import java.util.BitSet;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/** Which of the pending events reached the disk, and which of them in part. */
final class Choice {

  final BitSet kept;

  /** Which sectors of an event reached the disk, by the event's place among the pending ones. */
  final TreeMap<Integer, IntPredicate> torn = new TreeMap<>();

  Choice(BitSet kept) {
    this.kept = kept;
  }

  static Choice keeping(long bits) {
    return new Choice(BitSet.valueOf(new long[] {bits}));
  }

  static Choice keepingRange(int from, int to) {
    BitSet kept = new BitSet();
    kept.set(from, to);
    return new Choice(kept);
  }

  Choice tearing(int event, IntPredicate sectors) {
    kept.clear(event);
    torn.put(event, sectors);
    return this;
  }
}
