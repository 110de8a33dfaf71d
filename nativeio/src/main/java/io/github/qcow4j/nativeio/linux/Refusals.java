package io.github.qcow4j.nativeio.linux;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a file system was found not to do, so that it is not asked again for every cluster and every
 * file. Never what it refused to one range or one file: that is for who has the file open to
 * remember ({@link Space}, {@link Copying}). Any thread may ask and tell.
 *
 * <p>File systems go by their device numbers, and a number is the next one's once a file system is
 * unmounted. That cannot be while a file on it is open ({@code umount(2)}, EBUSY; detached by
 * {@code MNT_DETACH} it lives on until the last is closed): so what is known of it is forgotten
 * with the last file that is open here. The number of a mount that is never given again would not
 * need counting, but kernels before 6.8 do not tell it ({@code statx(2)}, STATX_MNT_ID_UNIQUE), and
 * what was learnt of mounts long gone would have to be cleared away all the same.
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

  /** How many files are open, of each device that has any. */
  private final Map<Long, Integer> open = new ConcurrentHashMap<>();

  /** Counts a file that was opened; each needs one {@link #closing}. */
  void opened(long device) {
    int _ = open.merge(device, 1, Integer::sum);
  }

  /**
   * Counts a file that is about to be closed, while it still keeps its file system mounted, and
   * about which nobody asks or tells any more.
   */
  void closing(long device) {
    Integer _ = open.computeIfPresent(device, this::less);
  }

  /** Forgets in one step with the count, so that the next to open starts anew. */
  private @Nullable Integer less(Long device, int files) {
    if (files > 1) {
      return files - 1;
    }
    if (!refusals.isEmpty()) {
      refusals.removeIf(known -> known.device == device || known.otherDevice == device);
    }
    return null;
  }

  boolean refused(long device, Operation operation) {
    return refused(device, device, operation);
  }

  /** Of an operation between two file systems. */
  boolean refused(long device, long otherDevice, Operation operation) {
    return !refusals.isEmpty() && refusals.contains(new Refusal(device, otherDevice, operation));
  }

  /** Of a device with a file that is open, and stays so until this returns. */
  void remember(long device, Operation operation) {
    remember(device, device, operation);
  }

  void remember(long device, long otherDevice, Operation operation) {
    refusals.add(new Refusal(device, otherDevice, operation));
  }
}
