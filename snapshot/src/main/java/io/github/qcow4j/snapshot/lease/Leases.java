package io.github.qcow4j.snapshot.lease;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Rights to work on boxes, images and intents: locked bytes of one file ({@code fcntl(2)}, {@code
 * F_OFD_SETLK}), each at a place that follows from a number which the catalogue never uses again.
 * The file is empty and never removed.
 *
 * <p>Who has a right holds a second byte, shared, at a place that follows from its process number
 * too: others find that one by asking for the locks of a range and of its halves.
 *
 * <p>Any thread may ask. Two rights of one process exclude each other like those of two.
 */
public final class Leases {

  private static final long BOXES = 1L << 32;
  private static final long IMAGES = 2L << 32;
  private static final long INTENTS = 3L << 32;
  private static final long STAGING = 4L << 32;

  /** Process numbers are smaller ({@code PID_MAX_LIMIT}, 2^22). */
  private static final int PID_BITS = 22;

  private static final long HOLDERS = 1L << 60;

  private final Volume volume;
  private final Path file;
  private final long pid;

  /** Over this file. */
  public Leases(Volume volume, Path file) {
    this.volume = volume;
    this.file = file;
    this.pid = ProcessHandle.current().pid();
  }

  /** The right to work on a box, for one; null when somebody has it. */
  public @Nullable Lease operation(long boxSeq) throws IOException {
    return take(BOXES + 2 * boxSeq, LockMode.EXCLUSIVE);
  }

  /** The right to run a box, for one; null when somebody has it. */
  public @Nullable Lease running(long boxSeq) throws IOException {
    return take(BOXES + 2 * boxSeq + 1, LockMode.EXCLUSIVE);
  }

  /** Whether somebody has the right to run a box. */
  public boolean isRunning(long boxSeq) throws IOException {
    return held(BOXES + 2 * boxSeq + 1);
  }

  /** Whether somebody works on a box. */
  public boolean isWorkedOn(long boxSeq) throws IOException {
    return held(BOXES + 2 * boxSeq);
  }

  /** The number of a process that works on a box, or 0 when there is none that could be told. */
  public long worker(long boxSeq) throws IOException {
    return holder(BOXES + 2 * boxSeq);
  }

  /** The number of a process that reads or changes an image, or 0 as above. */
  public long user(long imageSeq) throws IOException {
    return holder(imagePlace(imageSeq));
  }

  /** The number of a process that carries out an intent, or 0 as above. */
  public long ender(long intentSeq) throws IOException {
    return holder(INTENTS + intentSeq);
  }

  /** The right to read an image, for many; null when somebody may remove or change it. */
  public @Nullable Lease reading(long imageSeq) throws IOException {
    return take(IMAGES + imageSeq, LockMode.SHARED);
  }

  /** The right to read images that are yet to be added, of which each may be refused. */
  public ReadingLease readingMany() throws IOException {
    return new ReadingLease(this, volume.open(file, OpenOptions.writing()));
  }

  /** The right to remove or change a frozen image; null when somebody reads it. */
  public @Nullable Lease changing(long imageSeq) throws IOException {
    return take(IMAGES + imageSeq, LockMode.EXCLUSIVE);
  }

  /** The right to carry out an intent; null when the process that wrote it down is at it. */
  public @Nullable Lease intent(long intentSeq) throws IOException {
    return take(INTENTS + intentSeq, LockMode.EXCLUSIVE);
  }

  /**
   * The right to work in a staging directory; null when somebody has it, or, by chance, one of
   * another name: places follow from a checksum of the name.
   */
  public @Nullable Lease staging(String name) throws IOException {
    CRC32C checksum = new CRC32C();
    checksum.update(name.getBytes(StandardCharsets.UTF_8));
    return take(STAGING + checksum.getValue(), LockMode.EXCLUSIVE);
  }

  private boolean held(long place) throws IOException {
    try (BlockFile locks = volume.open(file, OpenOptions.reading())) {
      return locks.lockedByOther(place, 1, LockMode.EXCLUSIVE);
    }
  }

  /** The smallest of the numbers whose byte is locked, by halves. */
  private long holder(long place) throws IOException {
    try (BlockFile locks = volume.open(file, OpenOptions.reading())) {
      long first = holderPlace(place, 0);
      long length = 1L << PID_BITS;
      if (!locks.lockedByOther(first, length, LockMode.EXCLUSIVE)) {
        return 0;
      }
      while (length > 1) {
        length /= 2;
        if (!locks.lockedByOther(first, length, LockMode.EXCLUSIVE)) {
          first += length;
        }
      }
      // Where it has let go meanwhile, the search has ended at the last number of all.
      boolean still = locks.lockedByOther(first, 1, LockMode.EXCLUSIVE);
      return still ? first - holderPlace(place, 0) : 0;
    }
  }

  private static long holderPlace(long place, long pid) {
    return HOLDERS + (place << PID_BITS) + pid;
  }

  /** Where this process tells that it has the right of a place. */
  long ownPlace(long place) {
    return holderPlace(place, pid);
  }

  static long imagePlace(long imageSeq) {
    return IMAGES + imageSeq;
  }

  private @Nullable Lease take(long place, LockMode mode) throws IOException {
    BlockFile locks = volume.open(file, OpenOptions.writing());
    try {
      if (locks.tryLock(place, 1, mode) && locks.tryLock(ownPlace(place), 1, LockMode.SHARED)) {
        return () -> release(locks, place, place);
      }
    } catch (IOException | RuntimeException e) {
      try (locks) {
        throw e;
      }
    }
    locks.close();
    return null;
  }

  /**
   * Lets go of the places from one to another before closing: a child that another thread is just
   * starting has the same open file until it becomes its program, and would keep the locks as long.
   */
  void release(BlockFile locks, long first, long last) {
    try (locks) {
      if (first <= last) {
        letGo(locks, first, last);
      }
    } catch (IOException e) {
      // Nothing was written; and close(2) closes, whatever it says.
    }
  }

  private static void letGo(BlockFile locks, long first, long last) {
    try {
      long firstHolder = holderPlace(first, 0);
      locks.unlock(firstHolder, holderPlace(last + 1, 0) - firstHolder);
      locks.unlock(first, last + 1 - first);
    } catch (IOException e) {
      // Closing lets go as well, as soon as no such child is left.
    }
  }
}
