package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.convert.ConvertTarget;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;

/** A conversion's target that keeps nothing and counts what it is asked to do. */
final class CountingTarget implements ConvertTarget {

  private final LongAdder calls = new LongAdder();

  long calls() {
    return calls.sum();
  }

  @Override
  public boolean readsAsZeros() {
    return true;
  }

  @Override
  public boolean inOrder() {
    return false;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) {
    calls.increment();
    data.position(data.limit());
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) {
    calls.increment();
  }

  @Override
  public void complete() {}

  @Override
  public void close() {}
}
