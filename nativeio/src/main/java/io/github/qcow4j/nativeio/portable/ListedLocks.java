package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.LockMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The kernel's list of locks ({@code proc(5)}, {@code /proc/locks}). Asked only about files that
 * may not be opened for writing, of which the kernel lets nobody try an exclusive lock.
 *
 * <p>A list that cannot be had or understood is an I/O error, never "not held". Locks of other
 * processes' namespaces are listed where an open file holds them, as QEMU's and qcow4j's; where a
 * process does ({@code F_SETLK}), the kernel keeps them from the list.
 */
final class ListedLocks {

  private static final Path LIST = Path.of("/proc/locks");

  private ListedLocks() {}

  /** Whether another process holds some of {@code [startByte, endByte)} against {@code mode}. */
  static boolean heldElsewhere(
      Path path, FileIdentity identity, long startByte, long endByte, LockMode mode)
      throws IOException {
    // These give every subvolume or layer a device number that the list does not know.
    boolean anyDevice = List.of("btrfs", "overlay").contains(Files.getFileStore(path).type());
    List<String> lines;
    try {
      lines = Files.readAllLines(LIST, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw Failures.translate("open", e, LIST);
    }
    return heldElsewhere(lines, identity, anyDevice, startByte, endByte, mode);
  }

  /** The same by the lines of a list. */
  static boolean heldElsewhere(
      List<String> lines,
      FileIdentity identity,
      boolean anyDevice,
      long startByte,
      long endByte,
      LockMode mode)
      throws IOException {
    long self = ProcessHandle.current().pid();
    boolean held = false;
    for (String line : lines) {
      ListedLock lock = ListedLock.of(line);
      if (lock != null) {
        boolean sameFile =
            lock.inode() == identity.inode() && (anyDevice || lock.device() == identity.device());
        boolean own = lock.ofProcess() && lock.process() == self;
        boolean against = mode == LockMode.EXCLUSIVE || lock.exclusive();
        boolean inRange = lock.firstByte() < endByte && lock.lastByte() >= startByte;
        held |= sameFile && !own && against && inRange;
      }
    }
    return held;
  }
}
