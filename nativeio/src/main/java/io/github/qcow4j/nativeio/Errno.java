package io.github.qcow4j.nativeio;

import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/**
 * The error numbers of Linux that qcow4j tells apart or expects, with the text that {@code
 * strerror(3)} gives for them in the C locale ({@code errno(3)}; the numbers are those of x86_64
 * and aarch64, which agree).
 *
 * <p>The texts stand here so that every provider says the same, whatever the locale and C library.
 */
public enum Errno {
  EPERM(1, "Operation not permitted"),
  ENOENT(2, "No such file or directory"),
  ESRCH(3, "No such process"),
  EINTR(4, "Interrupted system call"),
  EIO(5, "Input/output error"),
  ENXIO(6, "No such device or address"),
  EBADF(9, "Bad file descriptor"),
  EAGAIN(11, "Resource temporarily unavailable"),
  ENOMEM(12, "Cannot allocate memory"),
  EACCES(13, "Permission denied"),
  EBUSY(16, "Device or resource busy"),
  EEXIST(17, "File exists"),
  EXDEV(18, "Invalid cross-device link"),
  ENODEV(19, "No such device"),
  ENOTDIR(20, "Not a directory"),
  EISDIR(21, "Is a directory"),
  EINVAL(22, "Invalid argument"),
  ENFILE(23, "Too many open files in system"),
  EMFILE(24, "Too many open files"),
  ENOTTY(25, "Inappropriate ioctl for device"),
  ETXTBSY(26, "Text file busy"),
  EFBIG(27, "File too large"),
  ENOSPC(28, "No space left on device"),
  ESPIPE(29, "Illegal seek"),
  EROFS(30, "Read-only file system"),
  EMLINK(31, "Too many links"),
  EPIPE(32, "Broken pipe"),
  EDEADLK(35, "Resource deadlock avoided"),
  ENAMETOOLONG(36, "File name too long"),
  ENOLCK(37, "No locks available"),
  ENOSYS(38, "Function not implemented"),
  ENOTEMPTY(39, "Directory not empty"),
  ELOOP(40, "Too many levels of symbolic links"),
  EOVERFLOW(75, "Value too large for defined data type"),
  EOPNOTSUPP(95, "Operation not supported"),
  ETIMEDOUT(110, "Connection timed out"),
  ESTALE(116, "Stale file handle"),
  EDQUOT(122, "Disk quota exceeded");

  private final int number;
  private final String text;

  Errno(int number, String text) {
    this.number = number;
    this.text = text;
  }

  /** The error number. */
  public int number() {
    return number;
  }

  /** The text of {@code strerror(3)} in the C locale. */
  public String text() {
    return text;
  }

  /** The error of this number, or null when it is none of these. */
  public static @Nullable Errno of(int number) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno;
      }
    }
    return null;
  }

  /** The error of this text, or null when it is none of these. */
  public static @Nullable Errno ofText(@Nullable String text) {
    for (Errno errno : values()) {
      if (errno.text.equals(text)) {
        return errno;
      }
    }
    return null;
  }

  /** The text for an error number; numbers not known here are named by their value. */
  public static String text(int number) {
    Errno known = of(number);
    return known != null ? known.text : "Unknown error " + number;
  }

  /** The exception for this error of a call about one file. */
  public FileSystemException exception(String call, @Nullable String path) {
    return exception(call, number, path, null);
  }

  /**
   * The exception for a failed call: the class that {@code java.nio.file} has for the error, else
   * {@link SystemCallException}.
   *
   * @param call the system call, for example {@code pwrite}
   * @param number the error number
   * @param path the file it was about, or null
   * @param other the other file of a call about two, or null
   */
  public static FileSystemException exception(
      String call, int number, @Nullable String path, @Nullable String other) {
    String reason = text(number);
    Errno known = of(number);
    if (known == ENOENT) {
      return new NoSuchFileException(path, other, reason);
    } else if (known == EEXIST) {
      return new FileAlreadyExistsException(path, other, reason);
    } else if (known == EACCES) {
      return new AccessDeniedException(path, other, reason);
    } else if (known == ENOTEMPTY) {
      return new DirectoryNotEmptyException(path);
    }
    return new SystemCallException(call, number, path, other, reason);
  }
}
