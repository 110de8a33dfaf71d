package io.github.qcow4j.benchmarks.material;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Content as disks have it: the files of this machine's system, one behind the other in the order
 * of their names, each filled up to whole blocks of 4 KiB with zeros. The same machine gives the
 * same content every time.
 */
final class FileContent {

  private static final List<Path> ROOTS = List.of(Path.of("/usr"), Path.of("/etc"));
  private static final int BLOCK_BYTES = 4096;

  private final FileChannel target;
  private final long sizeBytes;
  private long position;

  private FileContent(FileChannel target, long sizeBytes) {
    this.target = target;
    this.sizeBytes = sizeBytes;
  }

  /** Fills a new file of that size; when there are too few files, they come again. */
  static void write(Path path, long sizeBytes) throws IOException {
    try (FileChannel target =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      FileContent content = new FileContent(target, sizeBytes);
      while (content.position < sizeBytes) {
        content.addAll();
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void addAll() throws IOException {
    long before = position;
    for (Path root : ROOTS) {
      addDirectory(root);
    }
    if (position == before) {
      throw new IOException("no files under " + ROOTS);
    }
  }

  /** Not by a recursive walk: that fails as a whole at the first directory that may not be read. */
  private void addDirectory(Path directory) throws IOException {
    List<Path> entries;
    try (Stream<Path> listed = Files.list(directory)) {
      entries = listed.sorted().toList();
    } catch (AccessDeniedException | NoSuchFileException e) {
      return;
    }
    for (Path entry : entries) {
      if (position >= sizeBytes) {
        return;
      }
      if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
        addDirectory(entry);
      } else if (Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS) && Files.isReadable(entry)) {
        add(entry);
      }
    }
  }

  private void add(Path file) throws IOException {
    try (FileChannel source = FileChannel.open(file)) {
      long count = Math.min(source.size(), sizeBytes - position);
      for (long done = 0; done < count; ) {
        long moved = source.transferTo(done, count - done, target.position(position + done));
        if (moved <= 0) {
          break;
        }
        done += moved;
      }
      position = Math.min(sizeBytes, (position + count + BLOCK_BYTES - 1) & -BLOCK_BYTES);
      if (target.size() < position) {
        target.write(ByteBuffer.allocate(1), position - 1);
      }
    }
  }
}
