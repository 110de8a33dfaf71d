package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.LockMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The kernel's list of locks ({@code proc(5)}, {@code /proc/locks}). Asked only about files that
 * may not be opened for writing, of which the kernel lets nobody try an exclusive lock.
 */
final class ListedLocks {

  private static final Path LIST = Path.of("/proc/locks");

  /** For example {@code 1: OFDLCK ADVISORY READ -1 08:02:1234 100 101}; not those who wait. */
  private static final Pattern LINE =
      Pattern.compile(
          "\\d+:\\s+(?<type>POSIX|OFDLCK)\\s+\\S+\\s+(?<mode>\\S+)\\s+(?<process>-?\\d+)\\s+"
              + "(?<major>\\p{XDigit}+):(?<minor>\\p{XDigit}+):(?<inode>\\d+)\\s+"
              + "(?<first>\\d+)\\s+(?<last>\\d+|EOF)\\s*");

  private ListedLocks() {}

  /** Whether another process holds some of {@code [startByte, endByte)} against {@code mode}. */
  static boolean heldElsewhere(
      Path path, FileIdentity identity, long startByte, long endByte, LockMode mode)
      throws IOException {
    // These give every subvolume or layer a device number that the list does not know.
    boolean anyDevice = List.of("btrfs", "overlay").contains(Files.getFileStore(path).type());
    long self = ProcessHandle.current().pid();
    for (String line : Files.readAllLines(LIST, StandardCharsets.ISO_8859_1)) {
      Matcher lock = LINE.matcher(line);
      if (!lock.matches()) {
        continue;
      }
      boolean sameFile =
          Long.parseLong(lock.group("inode")) == identity.inode()
              && (anyDevice
                  || deviceNumber(lock.group("major"), lock.group("minor")) == identity.device());
      boolean own =
          lock.group("type").equals("POSIX") && Long.parseLong(lock.group("process")) == self;
      boolean against = mode == LockMode.EXCLUSIVE || lock.group("mode").equals("WRITE");
      long first = Long.parseLong(lock.group("first"));
      String end = lock.group("last");
      long last = end.equals("EOF") ? Long.MAX_VALUE : Long.parseLong(end);
      if (sameFile && !own && against && first < endByte && last >= startByte) {
        return true;
      }
    }
    return false;
  }

  private static long deviceNumber(String majorHex, String minorHex) {
    long major = Long.parseLong(majorHex, 16);
    long minor = Long.parseLong(minorHex, 16);
    return (major & 0xfffff000L) << 32
        | (major & 0xfffL) << 8
        | (minor & 0xffffff00L) << 12
        | (minor & 0xffL);
  }
}
