package io.github.qcow4j.nativeio.simulator;

import io.github.qcow4j.nativeio.FileKind;
import java.nio.file.Path;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file, directory, symbolic link or FIFO. Not safe for threads; the volume guards it. */
final class Inode {

  final long number;
  final FileKind kind;

  /** The bytes of a file; what was written to a FIFO. */
  final Content content;

  /** The names in a directory. */
  final TreeMap<String, Inode> entries = new TreeMap<>();

  /** What a symbolic link says. */
  final @Nullable Path link;

  int permissions;

  /** How many names it has; what has none and is not open is gone. */
  int names;

  int openings;

  Inode(long number, FileKind kind, Content content, @Nullable Path link, int permissions) {
    this.number = number;
    this.kind = kind;
    this.content = content;
    this.link = link;
    this.permissions = permissions;
  }

  /** What the file's length is said to be: a stream has none. */
  long fileBytes() {
    return kind == FileKind.FIFO ? 0 : content.size();
  }

  /** How many pages of storage it takes: what was passed on takes none. */
  long storedPages() {
    return kind == FileKind.FIFO ? 0 : content.allocatedPages();
  }

  /** The same with other bytes, and no names yet. */
  Inode twin(Content twinContent) {
    return new Inode(number, kind, twinContent, link, permissions);
  }
}
