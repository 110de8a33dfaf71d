package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which error a text of {@code strerror(3)} stands for.
 *
 * <p>{@code java.nio} has classes for some errors; of all others it hands on the text and nothing
 * else, in the language of the process ({@code LC_MESSAGES}, {@code LANGUAGE}). So the text is what
 * there is to go by. Those of the C locale are known; in another language the commonest errors are
 * made to happen, once, where they are certain and change nothing, to see what they are called
 * there. A text that is none of these stays a text: its error has no number, no other way is taken
 * on its account, and the user reads what the kernel said.
 *
 * <p>Any thread may ask.
 */
final class KernelTexts {

  /** What the JDK puts behind the kernel's text for ELOOP. */
  private static final String[] JDK_GUESSES = {
    " or unable to access attributes of symbolic link", " (NOFOLLOW_LINKS specified)"
  };

  /** {@code NAME_MAX} is 255. */
  private static final int TOO_LONG_A_NAME = 300;

  private KernelTexts() {}

  /**
   * The error that a text stands for, or null when that cannot be told.
   *
   * @param text the kernel's text
   * @param path the file that the failed call was about
   */
  static @Nullable Errno errno(@Nullable String text, Path path) {
    if (text == null) {
      return null;
    }
    String bare = text;
    for (String guess : JDK_GUESSES) {
      if (bare.endsWith(guess)) {
        bare = bare.substring(0, bare.length() - guess.length());
      }
    }
    Errno errno = Errno.ofText(bare);
    if (errno == null) {
      errno = Learned.TEXTS.get(bare);
    }
    return errno == null && bare.equals(readOnlyText(path)) ? Errno.EROFS : errno;
  }

  /** Errors seen in the language of this process. */
  private static final class Learned {

    static final Map<String, Errno> TEXTS = new HashMap<>();

    static {
      learn(Errno.ENOSPC, () -> write(Path.of("/dev/full")));
      // The first page of a process is never there.
      learn(Errno.EIO, () -> read(Path.of("/proc/self/mem")));
      learn(Errno.ENOTDIR, () -> Files.createDirectory(Path.of("/dev/null/x")));
      learn(Errno.EISDIR, () -> write(Path.of("/")));
      learn(Errno.ENAMETOOLONG, () -> read(Path.of("/" + "x".repeat(TOO_LONG_A_NAME))));
      learn(Errno.EINVAL, () -> sync(Path.of("/dev/null")));
      learn(Errno.EPERM, () -> Files.setAttribute(Path.of("/proc/self/stat"), "unix:mode", 0444));
    }

    private interface Provocation {
      void run() throws IOException;
    }

    private static void learn(Errno errno, Provocation provocation) {
      String text = textOf(provocation);
      if (text != null) {
        TEXTS.put(text, errno);
      }
    }

    static @Nullable String textOf(Provocation provocation) {
      try {
        provocation.run();
        return null;
      } catch (FileSystemException e) {
        return e.getReason();
      } catch (IOException e) {
        return e.getMessage();
      } catch (RuntimeException e) {
        // A host without it: then that is not how to learn the text.
        return null;
      }
    }
  }

  private static void write(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(1));
    }
  }

  private static void read(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.read(ByteBuffer.allocate(1), 0);
    }
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** What a change of a read-only file system is answered with, or null where none is. */
  private static @Nullable String readOnlyText(Path path) {
    try {
      Path standing = path.toAbsolutePath();
      while (!Files.exists(standing, LinkOption.NOFOLLOW_LINKS) && standing.getParent() != null) {
        standing = standing.getParent();
      }
      if (!Files.getFileStore(standing).isReadOnly()) {
        return null;
      }
      Path there = standing;
      // The mode that it has; it is refused before that is looked at.
      Object mode = Files.getAttribute(there, "unix:mode");
      return Learned.textOf(() -> Files.setAttribute(there, "unix:mode", mode));
    } catch (IOException e) {
      // What cannot even be asked is not known to be read-only.
      return null;
    }
  }
}
