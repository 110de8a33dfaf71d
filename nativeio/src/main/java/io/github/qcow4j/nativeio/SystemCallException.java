package io.github.qcow4j.nativeio;

import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/**
 * A system call failed for a reason that {@code java.nio.file} has no class for.
 *
 * <p>{@link #getReason()} is the kernel's text as {@code strerror(3)} gives it, for example "No
 * space left on device".
 */
public final class SystemCallException extends FileSystemException {

  private static final long serialVersionUID = 1L;

  private final String call;
  private final int errno;

  /**
   * @param call the system call, for example {@code pwrite}
   * @param errno the error number on this platform; 0 when the provider does not know it
   * @param path the file it was about, or null
   * @param reason the text of {@code strerror(3)}
   */
  public SystemCallException(String call, int errno, @Nullable String path, String reason) {
    this(call, errno, path, null, reason);
  }

  /**
   * @param call the system call, for example {@code renameat2}
   * @param errno the error number on this platform; 0 when the provider does not know it
   * @param path the file it was about, or null
   * @param other the other file of a call about two, or null
   * @param reason the text of {@code strerror(3)}
   */
  public SystemCallException(
      String call, int errno, @Nullable String path, @Nullable String other, String reason) {
    super(path, other, reason);
    this.call = call;
    this.errno = errno;
  }

  /** The system call that failed. */
  public String call() {
    return call;
  }

  /** The error number, or 0 when the provider does not know it. */
  public int errno() {
    return errno;
  }

  /**
   * Whether there was no room: the file system is full, or what its user may have of it is used.
   */
  public boolean isOutOfRoom() {
    return errno == Errno.ENOSPC.number() || errno == Errno.EDQUOT.number();
  }
}
