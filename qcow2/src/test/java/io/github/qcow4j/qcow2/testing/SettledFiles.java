package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/**
 * Files whose storage has come to rest.
 *
 * <p>A file system that allocates late changes what a file takes up (st_blocks) when it writes it
 * back, at any moment after the last write. {@code qemu-img} prints that number, and decides by it
 * whether an image looks preallocated: two programs that ask one after the other may rightly give
 * different answers of a file that is still being written back.
 */
final class SettledFiles {

  private SettledFiles() {}

  /** Waits until every regular file below {@code directory} is on the disk. */
  static void settle(Path directory) {
    try (Stream<Path> below = Files.walk(directory)) {
      for (Path file : below.filter(SettledFiles::isRegular).toList()) {
        sync(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isRegular(Path path) {
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
