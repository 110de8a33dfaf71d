package io.github.qcow4j.nativeio.portable;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.SystemCallException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Makes of the exceptions of {@code java.nio} what the other providers throw for the same error: by
 * their class where it says enough, else by the text of {@link KernelTexts}.
 */
final class Failures {

  private Failures() {}

  /** The exception to throw instead of {@code failure} of a call about {@code path}. */
  static IOException translate(String call, IOException failure, Path path) {
    return translate(call, failure, path, null);
  }

  static IOException translate(String call, IOException failure, Path path, @Nullable Path other) {
    if (failure instanceof SystemCallException || failure instanceof ClosedChannelException) {
      return failure;
    }
    Errno errno = errnoOf(failure, path);
    String otherName = other == null ? null : other.toString();
    IOException translated;
    if (errno != null) {
      // In the words of the other providers, whatever the language.
      translated = Errno.exception(call, errno.number(), path.toString(), otherName);
    } else {
      String reason =
          failure instanceof FileSystemException known ? known.getReason() : failure.getMessage();
      translated =
          new SystemCallException(
              call, 0, path.toString(), otherName, reason == null ? failure.toString() : reason);
    }
    translated.initCause(failure);
    return translated;
  }

  private static @Nullable Errno errnoOf(IOException failure, Path path) {
    return switch (failure) {
      case NoSuchFileException e -> Errno.ENOENT;
      case FileAlreadyExistsException e -> Errno.EEXIST;
      case AccessDeniedException e -> Errno.EACCES;
      case DirectoryNotEmptyException e -> Errno.ENOTEMPTY;
      case NotDirectoryException e -> Errno.ENOTDIR;
      case FileSystemLoopException e -> Errno.ELOOP;
      case NotLinkException e -> Errno.EINVAL;
      case AtomicMoveNotSupportedException e -> Errno.EXDEV;
      case FileSystemException e -> KernelTexts.errno(e.getReason(), path);
      default -> KernelTexts.errno(failure.getMessage(), path);
    };
  }
}
