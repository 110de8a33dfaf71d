package io.github.qcow4j.nativeio.portable;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A lock on a range of bytes, as a line of {@code /proc/locks} tells of it ({@code proc(5)}).
 *
 * @param ofProcess whether the lock is a process's ({@code POSIX}), not an open file's
 * @param exclusive whether it is a writer's
 * @param process the process; -1 of an open file's lock
 * @param device the device number
 * @param inode the inode number on that device
 * @param firstByte the first byte
 * @param lastByte the last byte, {@link Long#MAX_VALUE} for all that may follow
 */
record ListedLock(
    boolean ofProcess,
    boolean exclusive,
    long process,
    long device,
    long inode,
    long firstByte,
    long lastByte) {

  /** For example {@code 1: OFDLCK ADVISORY READ -1 08:02:1234 100 101}. */
  private static final Pattern RANGE =
      Pattern.compile(
          "\\d+:\\s+(?<type>POSIX|OFDLCK)\\s+(?:ADVISORY|MANDATORY)\\s+(?<mode>READ|WRITE)\\s+"
              + "(?<process>-?\\d+)\\s+"
              + "(?<major>\\p{XDigit}+):(?<minor>\\p{XDigit}+):(?<inode>\\d+)\\s+"
              + "(?<first>\\d+)\\s+(?<last>\\d+|EOF)\\s*");

  /**
   * What stands in no reader's or writer's way: those who wait ({@code ->}, {@code ACCESS}), {@code
   * flock(2)}, which is another kind of lock, leases, and locks of what is no file any more.
   */
  private static final Pattern OTHER =
      Pattern.compile(
          "\\d+:\\s+(?:->.*"
              + "|(?:FLOCK|LEASE|DELEG|ACCESS)\\s.*"
              + "|(?:POSIX|OFDLCK)\\s+\\S+\\s+(?:READ|WRITE|UNLCK)\\s+-?\\d+\\s+<none>:0\\s.*)");

  /**
   * Reads a line.
   *
   * @return the lock, or null when the line tells of something else
   * @throws IOException when it cannot be read: what it tells of may be a lock like any other
   */
  static @Nullable ListedLock of(String line) throws IOException {
    Matcher lock = RANGE.matcher(line);
    try {
      if (lock.matches()) {
        String last = lock.group("last");
        return new ListedLock(
            lock.group("type").equals("POSIX"),
            lock.group("mode").equals("WRITE"),
            Long.parseLong(lock.group("process")),
            deviceNumber(lock.group("major"), lock.group("minor")),
            Long.parseUnsignedLong(lock.group("inode")),
            Long.parseLong(lock.group("first")),
            last.equals("EOF") ? Long.MAX_VALUE : Long.parseLong(last));
      } else if (OTHER.matcher(line).matches()) {
        return null;
      }
    } catch (NumberFormatException e) {
      throw unreadable(line, e);
    }
    throw unreadable(line, null);
  }

  private static IOException unreadable(String line, @Nullable Throwable cause) {
    return new IOException(
        "cannot tell who holds locks: /proc/locks says '" + line.strip() + "'", cause);
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
