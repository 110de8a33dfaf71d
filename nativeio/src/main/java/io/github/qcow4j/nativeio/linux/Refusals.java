package io.github.qcow4j.nativeio.linux;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a file system was found not to do, so that it is not asked again for every cluster and every
 * file. Never what it refused to one range or one file: that is for who has the file open to
 * remember ({@link Space}, {@link Copying}). Any thread may ask and tell.
 */
final class Refusals {

  /** What may be refused. */
  enum Operation {
    PUNCH_HOLE,
    ZERO_RANGE,
    PREALLOCATE,
    SEEK_DATA,
    CLONE,
    KERNEL_COPY,
    LINK_UNNAMED
  }

  /** Compared without what a record has by itself, which is linked anew at every start. */
  private record Refusal(long device, long otherDevice, Operation operation) {

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Refusal that
          && device == that.device
          && otherDevice == that.otherDevice
          && operation == that.operation;
    }

    @Override
    public int hashCode() {
      return (Long.hashCode(device) * 31 + Long.hashCode(otherDevice)) * 31 + operation.hashCode();
    }
  }

  private final Set<Refusal> refusals = ConcurrentHashMap.newKeySet();

  boolean refused(long device, Operation operation) {
    return refused(device, device, operation);
  }

  /** Of an operation between two file systems. */
  boolean refused(long device, long otherDevice, Operation operation) {
    return !refusals.isEmpty() && refusals.contains(new Refusal(device, otherDevice, operation));
  }

  void remember(long device, Operation operation) {
    remember(device, device, operation);
  }

  void remember(long device, long otherDevice, Operation operation) {
    refusals.add(new Refusal(device, otherDevice, operation));
  }
}
