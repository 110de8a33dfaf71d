package io.github.qcow4j.snapshot.lease;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.LockMode;
import java.io.IOException;

/**
 * The right to read images, as many as a chain has: they are locked through one open file, and let
 * go of together. Nothing here waits for others, so that the order in which images are added cannot
 * make two of these wait for each other. For one thread.
 */
public final class ReadingLease implements Lease {

  private final Leases leases;
  private final BlockFile locks;
  private long lowest = Long.MAX_VALUE;
  private long highest = Long.MIN_VALUE;

  ReadingLease(Leases leases, BlockFile locks) {
    this.leases = leases;
    this.locks = locks;
  }

  /**
   * One image more; asked twice it is had once.
   *
   * @return false when somebody may remove or change it; what was added before is still had
   */
  public boolean add(long imageSeq) throws IOException {
    long place = Leases.imagePlace(imageSeq);
    if (!locks.tryLock(place, 1, LockMode.SHARED)) {
      return false;
    }
    lowest = Math.min(lowest, place);
    highest = Math.max(highest, place);
    return locks.tryLock(leases.ownPlace(place), 1, LockMode.SHARED);
  }

  @Override
  public void close() {
    leases.release(locks, lowest, highest);
  }
}
