package io.github.qcow4j.qcow2.lock;

import java.util.EnumSet;
import java.util.Set;

/**
 * What an open image wants to do, and what it lets others do meanwhile.
 *
 * @param wanted the permissions this open needs
 * @param unshared the permissions that nobody else may have meanwhile
 */
public record LockProfile(Set<Permission> wanted, Set<Permission> unshared) {

  /** The permissions of QEMU's block layer, in the order of their lock bytes. */
  public enum Permission {
    CONSISTENT_READ(0, "consistent read"),
    WRITE(1, "write"),
    WRITE_UNCHANGED(2, "write unchanged"),
    RESIZE(3, "resize");

    private final long bit;
    private final String label;

    Permission(long bit, String label) {
      this.bit = bit;
      this.label = label;
    }

    /** The byte that is locked by those who have the permission. */
    long usedByte() {
      return 100 + bit;
    }

    /** The byte that is locked by those who forbid it to others. */
    long forbiddenByte() {
      return 200 + bit;
    }

    /** The name in messages. */
    String label() {
      return label;
    }
  }

  /** A qcow2 image, or a source that must not change: read, and let nobody write or resize. */
  public static final LockProfile READING =
      new LockProfile(
          EnumSet.of(Permission.CONSISTENT_READ), EnumSet.of(Permission.WRITE, Permission.RESIZE));

  /** A raw image, or any with {@code --force-share}: read, and let others do what they like. */
  public static final LockProfile READING_SHARED =
      new LockProfile(EnumSet.of(Permission.CONSISTENT_READ), EnumSet.noneOf(Permission.class));

  /** An image to be changed: nobody else may write or resize. */
  public static final LockProfile WRITING =
      new LockProfile(
          EnumSet.of(Permission.CONSISTENT_READ, Permission.WRITE, Permission.RESIZE),
          EnumSet.of(Permission.WRITE, Permission.RESIZE));
}
