package io.github.qcow4j.qcow2.write;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.qcow2.error.ImageException;
import java.io.IOException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who may do what to an image at the same time. Three locks, always taken in this order:
 *
 * <ol>
 *   <li>{@code operations}: every operation holds it shared from its first look at the tables to
 *       the end of its last access to guest data. Clusters that were taken back are handed out
 *       again only when nobody holds it, so that no operation meets another's data in a cluster it
 *       looked up before.
 *   <li>{@code ranges}: operations that change the same guest clusters take turns.
 *   <li>{@code metadata}: looking at tables and changing them. Held for no access to guest data.
 * </ol>
 */
final class WriterLocks {

  private final int clusterBits;
  private final Predicate<IOException> harmless;
  private final ReentrantReadWriteLock operations = new ReentrantReadWriteLock();
  private final GuestRangeLocks ranges = new GuestRangeLocks();
  private final ReentrantLock metadata = new ReentrantLock();

  /** The first failure of the storage in the middle of a change of tables; ends all writing. */
  @GuardedBy("metadata")
  private @Nullable IOException failure;

  /** Something to be done under locks. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException;
  }

  /** Something to be found out under locks. */
  @FunctionalInterface
  interface Question<T> {
    T ask() throws IOException;
  }

  /**
   * @param clusterBits binary logarithm of the cluster size
   * @param harmless knows failures that left all tables as they were
   */
  WriterLocks(int clusterBits, Predicate<IOException> harmless) {
    this.clusterBits = clusterBits;
    this.harmless = harmless;
  }

  /** The lock that operations hold shared. */
  Lock operation() {
    return operations.readLock();
  }

  /** Changes guest clusters: as an operation, and in turns with others that change them. */
  void changing(long guestOffset, long lengthBytes, Action action) throws IOException {
    operations.readLock().lock();
    GuestRangeLocks.Range range =
        ranges.lock(guestOffset >>> clusterBits, (guestOffset + lengthBytes - 1) >>> clusterBits);
    try {
      action.run();
    } finally {
      ranges.unlock(range);
      operations.readLock().unlock();
    }
  }

  /** Looks at tables. */
  <T> T atTables(Question<T> question) throws IOException {
    metadata.lock();
    try {
      return question.ask();
    } finally {
      metadata.unlock();
    }
  }

  /**
   * Changes tables. When the storage fails in the middle of a change, what is on disk is good as it
   * is, as after a power cut; but nobody knows which of the changes in memory still belong
   * together. So nothing more is written then.
   */
  <T> T changeTables(Question<T> change) throws IOException {
    metadata.lock();
    try {
      IOException earlier = failure;
      if (earlier != null) {
        throw new IOException("the image must be opened anew after an earlier failure", earlier);
      }
      return change.ask();
    } catch (ImageException e) {
      // Found before anything was changed.
      throw e;
    } catch (IOException e) {
      if (!harmless.test(e)) {
        failure = failure == null ? e : failure;
      }
      throw e;
    } finally {
      metadata.unlock();
    }
  }

  /** The same without an answer. */
  void onTables(Action change) throws IOException {
    boolean _ =
        changeTables(() -> {
          change.run();
          return true;
        });
  }

  /** Changes what is in memory so that nothing is lost of it, also after a failure. */
  void undo(Action change) throws IOException {
    metadata.lock();
    try {
      change.run();
    } finally {
      metadata.unlock();
    }
  }

  /** Does something to all of the image while no operation is under way. */
  void alone(Action action) throws IOException {
    operations.writeLock().lock();
    try {
      onTables(action);
    } finally {
      operations.writeLock().unlock();
    }
  }

  /** Whether no operation is under way that could still use clusters taken back. */
  boolean isIdle() {
    if (operations.writeLock().tryLock()) {
      operations.writeLock().unlock();
      return true;
    }
    return false;
  }
}
