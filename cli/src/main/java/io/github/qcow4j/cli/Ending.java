package io.github.qcow4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Who ends the JVM, with its exit code: the program when it has finished, or the clock. Whoever is
 * first does. May be called by any thread.
 */
final class Ending {

  private final CountDownLatch finished = new CountDownLatch(1);
  private final AtomicBoolean claimed = new AtomicBoolean();

  /** The program has finished: nobody needs to wait for it any longer. */
  void finish() {
    finished.countDown();
  }

  /**
   * Waits until the program has finished.
   *
   * @return false when so much time has gone before
   */
  boolean awaitFinish(long seconds) throws InterruptedException {
    return finished.await(seconds, TimeUnit.SECONDS);
  }

  /** Whether it is for the caller to end the JVM; it must do so then. */
  boolean claim() {
    return claimed.compareAndSet(false, true);
  }

  /** Returns only if it is for the caller to end the JVM. */
  void claimOrWait() {
    while (!claim()) {
      LockSupport.park(this);
    }
  }
}
