package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.nativeio.support.FileModes;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What {@code statx(2)} says of a file. Unlike {@code struct stat}, {@code struct statx} has one
 * layout on every architecture.
 *
 * @param mode file type and permission bits
 * @param user owner
 * @param group owning group
 * @param sizeBytes length
 * @param allocatedBytes storage
 * @param identity device and inode
 * @param directAlignment what direct I/O wants everything aligned to; 0 when not told
 */
record Statx(
    int mode,
    int user,
    int group,
    long sizeBytes,
    long allocatedBytes,
    FileIdentity identity,
    int directAlignment) {

  /** Size of {@code struct statx}. */
  static final int STRUCT_BYTES = 256;

  /** {@code STATX_BASIC_STATS | STATX_DIOALIGN}; older kernels leave out what they do not know. */
  static final int WANTED = 0x7ff | 0x2000;

  /** {@code AT_SYMLINK_NOFOLLOW}. */
  static final int NO_FOLLOW = 0x100;

  /** {@code AT_EMPTY_PATH}. */
  static final int EMPTY_PATH = 0x1000;

  private static final int BLOCK_BYTES = 512;

  static Statx of(MemorySegment struct) {
    ByteBuffer fields = StructBytes.of(struct);
    return new Statx(
        Short.toUnsignedInt(fields.getShort(28)),
        fields.getInt(20),
        fields.getInt(24),
        fields.getLong(40),
        fields.getLong(48) * BLOCK_BYTES,
        new FileIdentity(deviceNumber(fields.getInt(136), fields.getInt(140)), fields.getLong(32)),
        Math.max(fields.getInt(152), fields.getInt(156)));
  }

  /** The device number as {@code stat(2)} has it ({@code makedev(3)}). */
  private static long deviceNumber(int major, int minor) {
    long upper = Integer.toUnsignedLong(major);
    long lower = Integer.toUnsignedLong(minor);
    return (upper & 0xfffff000L) << 32
        | (upper & 0xfffL) << 8
        | (lower & 0xffffff00L) << 12
        | (lower & 0xffL);
  }

  int permissions() {
    return FileModes.permissionsOf(mode);
  }

  FileKind kind() {
    return FileModes.kindOf(mode);
  }

  FileStatus status() {
    return new FileStatus(kind(), sizeBytes, allocatedBytes, identity, permissions());
  }
}
