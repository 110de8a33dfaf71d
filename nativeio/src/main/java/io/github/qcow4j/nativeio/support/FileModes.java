package io.github.qcow4j.nativeio.support;

import io.github.qcow4j.nativeio.FileKind;

/** The {@code st_mode} of {@code stat(2)}, as {@code inode(7)} lays it out. */
public final class FileModes {

  private static final int TYPE_MASK = 0170000;
  private static final int PERMISSION_MASK = 07777;

  private FileModes() {}

  /** The permission bits, set-user-ID and the like included. */
  public static int permissionsOf(int mode) {
    return mode & PERMISSION_MASK;
  }

  /** The file type. */
  public static FileKind kindOf(int mode) {
    return switch (mode & TYPE_MASK) {
      case 0100000 -> FileKind.REGULAR;
      case 0040000 -> FileKind.DIRECTORY;
      case 0120000 -> FileKind.SYMBOLIC_LINK;
      case 0060000 -> FileKind.BLOCK_DEVICE;
      case 0020000 -> FileKind.CHARACTER_DEVICE;
      case 0010000 -> FileKind.FIFO;
      case 0140000 -> FileKind.SOCKET;
      default -> FileKind.OTHER;
    };
  }
}
