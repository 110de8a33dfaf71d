package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.LockMode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Who in this JVM holds which bytes of one file, for where the kernel does not say it.
 *
 * <p>Values are never changed: {@link #with} makes a new table, so that an old one can be gone back
 * to.
 *
 * @param held all locks, in no order; those of one owner do not overlap
 */
public record LockTable(List<Held> held) {

  /** Bytes {@code [start, end)} held by one open file. */
  public record Held(Object owner, long start, long end, LockMode mode) {
    boolean overlaps(long otherStart, long otherEnd) {
      return start < otherEnd && otherStart < end;
    }
  }

  /** Nobody holds anything. */
  public static final LockTable EMPTY = new LockTable(List.of());

  /** Whether another owner holds what a lock of {@code mode} would conflict with. */
  public boolean conflicts(Object owner, long start, long end, LockMode mode) {
    for (Held lock : held) {
      if (!lock.owner().equals(owner)
          && lock.overlaps(start, end)
          && (mode == LockMode.EXCLUSIVE || lock.mode() == LockMode.EXCLUSIVE)) {
        return true;
      }
    }
    return false;
  }

  /** The table in which {@code owner} holds the range in {@code mode}, or with null does not. */
  public LockTable with(Object owner, long start, long end, @Nullable LockMode mode) {
    List<Held> changed = new ArrayList<>();
    for (Held lock : held) {
      if (!lock.owner().equals(owner) || !lock.overlaps(start, end)) {
        changed.add(lock);
        continue;
      }
      if (lock.start() < start) {
        changed.add(new Held(owner, lock.start(), start, lock.mode()));
      }
      if (lock.end() > end) {
        changed.add(new Held(owner, end, lock.end(), lock.mode()));
      }
    }
    if (mode != null) {
      changed.add(new Held(owner, start, end, mode));
    }
    return new LockTable(changed);
  }

  /** The strongest mode in which anyone holds the byte, or null. */
  public @Nullable LockMode strongestAt(long position) {
    LockMode strongest = null;
    for (Held lock : held) {
      if (lock.overlaps(position, position + 1) && strongest != LockMode.EXCLUSIVE) {
        strongest = lock.mode();
      }
    }
    return strongest;
  }

  /** Adds the positions where something begins or ends inside {@code [start, end)}. */
  public void addBoundaries(long start, long end, TreeSet<Long> boundaries) {
    for (Held lock : held) {
      for (long boundary : new long[] {lock.start(), lock.end()}) {
        if (boundary > start && boundary < end) {
          boundaries.add(boundary);
        }
      }
    }
  }
}
