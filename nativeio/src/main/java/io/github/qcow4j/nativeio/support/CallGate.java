package io.github.qcow4j.nativeio.support;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;

/**
 * Counts the calls that use a resource, so that closing it can wait for them: a descriptor must
 * never be closed under a call, as its number may be another file's a moment later.
 *
 * <p>Any number of threads may pass. {@link #enter} and {@link #exit} are one atomic addition each;
 * only closing takes a lock.
 */
public final class CallGate {

  /** The sign bit marks the gate closed; the bits below count the calls inside. */
  private static final int CLOSED = Integer.MIN_VALUE;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(CallGate.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  /** A gate that is open. */
  public CallGate() {}

  /** Enters a call; each return must be paired with one {@link #exit}. */
  public void enter() throws ClosedChannelException {
    if ((int) STATE.getAndAdd(this, 1) < 0) {
      exit();
      throw new ClosedChannelException();
    }
  }

  /** Leaves a call. */
  public void exit() {
    if ((int) STATE.getAndAdd(this, -1) == CLOSED + 1) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  /**
   * Lets nobody in from now on and waits until all are out. Not cut short by an interrupt, whose
   * mark is kept.
   *
   * @return whether this call closed the gate; false when it was closed before, possibly with calls
   *     still inside
   */
  public boolean close() {
    if ((int) STATE.getAndBitwiseOr(this, CLOSED) < 0) {
      return false;
    }
    boolean interrupted = false;
    synchronized (this) {
      while ((int) STATE.getVolatile(this) != CLOSED) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  /** Whether {@link #close} was called. */
  public boolean isClosed() {
    return (int) STATE.getVolatile(this) < 0;
  }
}
