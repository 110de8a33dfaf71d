package io.github.qcow4j.qcow2.bench;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/**
 * Gives out the numbers of requests, and says when it is time to flush: whenever the number of
 * those still to come is a multiple of the interval. With draining, none is given out from then on
 * until those under way have ended and the flush too.
 */
final class RequestGate {

  private final int count;
  private final int interval;
  private final boolean draining;

  @GuardedBy("this")
  private int next;

  @GuardedBy("this")
  private int underWay;

  @GuardedBy("this")
  private boolean flushing;

  @GuardedBy("this")
  private boolean stopped;

  RequestGate(RequestSeries series) {
    this.count = series.count();
    this.interval = series.flushInterval();
    this.draining = series.draining();
  }

  /** The number of the next request, or -1 when there is none any more. */
  synchronized int take() throws InterruptedException {
    while (!stopped && next < count && flushing) {
      wait();
    }
    if (stopped || next == count) {
      return -1;
    }
    underWay++;
    int number = next;
    next++;
    flushing = draining && isFlushDue(number);
    return number;
  }

  /** Says that a request ended. Returns whether the caller has to flush now. */
  synchronized boolean ended(int number) {
    underWay--;
    return draining ? flushing && underWay == 0 : isFlushDue(number);
  }

  /** Says that the flush ended. */
  synchronized void flushed() {
    flushing = false;
    notifyAll();
  }

  /** Gives out no more numbers. */
  synchronized void stop() {
    stopped = true;
    notifyAll();
  }

  private boolean isFlushDue(int number) {
    return interval > 0 && (count - number - 1) % interval == 0;
  }
}
