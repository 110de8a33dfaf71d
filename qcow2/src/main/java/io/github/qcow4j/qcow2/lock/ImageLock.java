package io.github.qcow4j.qcow2.lock;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.LockMode;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.lock.LockProfile.Permission;
import java.io.IOException;

/**
 * Takes the locks of a {@link LockProfile}, as QEMU takes them: shared locks on single bytes only.
 *
 * <p>First every byte is locked that says what this open uses and forbids; then it is asked whether
 * anybody forbids what it uses, or uses what it forbids. So of two programs that race, both may
 * fail, but never both succeed. The locks go when the file is closed, or its process dies.
 */
public final class ImageLock {

  private ImageLock() {}

  /**
   * Locks an open image; on failure nothing stays locked.
   *
   * @throws ImageInUseException when another open file's locks contradict the profile
   */
  public static void acquire(BlockFile file, LockProfile profile) throws IOException {
    if (!DiskFile.isDisk(file)) {
      return;
    }
    boolean done = false;
    try {
      confirm(file, profile);
      done = true;
    } finally {
      if (!done) {
        release(file);
      }
    }
  }

  /**
   * Locks an image again whose locks are held already, and asks again whether others' contradict
   * the profile; on failure what is locked stays so.
   *
   * @throws ImageInUseException when another open file's locks contradict the profile
   */
  public static void confirm(BlockFile file, LockProfile profile) throws IOException {
    for (Permission permission : profile.wanted()) {
      lock(file, permission.usedByte());
    }
    for (Permission permission : profile.unshared()) {
      lock(file, permission.forbiddenByte());
    }
    for (Permission permission : profile.wanted()) {
      if (file.lockedByOther(permission.forbiddenByte(), 1, LockMode.EXCLUSIVE)) {
        throw inUse(file, "Failed to get \"" + permission.label() + "\" lock");
      }
    }
    for (Permission permission : profile.unshared()) {
      if (file.lockedByOther(permission.usedByte(), 1, LockMode.EXCLUSIVE)) {
        throw inUse(file, "Failed to get shared \"" + permission.label() + "\" lock");
      }
    }
  }

  /** Releases every lock that {@link #acquire} may have taken. */
  public static void release(BlockFile file) throws IOException {
    file.unlock(Permission.CONSISTENT_READ.usedByte(), Permission.values().length);
    file.unlock(Permission.CONSISTENT_READ.forbiddenByte(), Permission.values().length);
  }

  private static void lock(BlockFile file, long position) throws IOException {
    if (!file.tryLock(position, 1, LockMode.SHARED)) {
      throw inUse(file, "Failed to lock byte " + position);
    }
  }

  private static ImageInUseException inUse(BlockFile file, String message) {
    return new ImageInUseException(file.path(), message);
  }
}
