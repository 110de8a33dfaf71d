package io.github.qcow4j.cli.fulldisk;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A real file system in which ballast leaves as much room as a test wants. For one thread.
 *
 * <p>Where the file system has its own ideas of what is free, the room is about what is wanted.
 */
final class SmallFileSystem implements Closeable {

  private static final long MIB = 1 << 20;

  /** What is written anew each time; the rest of the ballast lies there from the beginning. */
  private static final long FREE_AT_FIRST = 24 * MIB;

  private final Volume volume = Volumes.host();
  private final LoopFileSystem place;
  private final Path ballast;

  private SmallFileSystem(LoopFileSystem place) {
    this.place = place;
    this.ballast = place.mountPoint().resolve("ballast");
  }

  /** One of the kind given, about as small as it can be made, or skips the test. */
  static SmallFileSystem mount(Kind kind) throws IOException {
    long sizeBytes =
        switch (kind) {
          case XFS -> 300 * MIB;
          case BTRFS -> 128 * MIB;
          case EXT4, TMPFS, OVERLAY -> 48 * MIB;
        };
    SmallFileSystem small = new SmallFileSystem(LoopFileSystem.mount(kind, sizeBytes));
    small.fill(small.place.mountPoint().resolve("sediment"), FREE_AT_FIRST);
    return small;
  }

  /** A new directory in it. */
  Path newDirectory() throws IOException {
    return place.newDirectory();
  }

  /** How much of it is in use, once all that was written is in its place. */
  long usedBytes() throws IOException {
    return place.usedBytes();
  }

  /** Takes all storage but so many bytes, until {@link #free}. */
  void leave(long bytes) throws IOException {
    fill(ballast, bytes);
  }

  /** Gives back what {@link #leave} took. */
  void free() throws IOException {
    Files.delete(ballast);
    // What is free again can be had once that is on the disk.
    settle();
  }

  private void settle() throws IOException {
    long _ = place.usedBytes();
  }

  /** Takes all that there is, to the last block, and gives so many bytes of it back. */
  private void fill(Path path, long leftBytes) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      long at = 0;
      for (int step = (int) MIB; step >= 512; step /= 2) {
        try {
          while (true) {
            boolean _ = file.preallocate(at, step);
            at += step;
          }
        } catch (SystemCallException e) {
          if (e.errno() != Errno.ENOSPC.number()) {
            throw e;
          }
          at = file.size();
        }
      }
      file.truncate(Math.max(0, at - leftBytes));
    }
    settle();
  }

  @Override
  public void close() throws IOException {
    place.close();
  }
}
