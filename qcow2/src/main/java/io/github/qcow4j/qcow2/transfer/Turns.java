package io.github.qcow4j.qcow2.transfer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Lets threads that took numbered pieces do something in the order of the numbers. */
public final class Turns {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private long next;

  @GuardedBy("lock")
  private boolean abandoned;

  /** Waits until all smaller numbers are done. Returns false when the work was abandoned. */
  public boolean await(long sequence) {
    lock.lock();
    try {
      while (next != sequence && !abandoned) {
        changed.awaitUninterruptibly();
      }
      return !abandoned;
    } finally {
      lock.unlock();
    }
  }

  /** Says that the number whose turn it was is done. */
  public void done() {
    lock.lock();
    try {
      next++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets all who wait go: one of them failed. */
  public void abandon() {
    lock.lock();
    try {
      abandoned = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
