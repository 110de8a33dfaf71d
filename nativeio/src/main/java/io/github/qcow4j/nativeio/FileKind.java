package io.github.qcow4j.nativeio;

/** What a name stands for ({@code inode(7)}, the file type). */
public enum FileKind {
  REGULAR,
  DIRECTORY,
  SYMBOLIC_LINK,
  BLOCK_DEVICE,
  CHARACTER_DEVICE,
  FIFO,
  SOCKET,
  OTHER
}
