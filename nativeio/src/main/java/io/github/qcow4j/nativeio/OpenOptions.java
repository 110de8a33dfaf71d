package io.github.qcow4j.nativeio;

/**
 * How to open a file.
 *
 * @param access whether to write
 * @param creation whether the file is expected, made when missing, or made always
 * @param directIo past the page cache ({@code O_DIRECT}); offsets, lengths and buffers must then be
 *     aligned to 4096 bytes
 * @param followLinks false refuses a last component that is a symbolic link ({@code O_NOFOLLOW})
 */
public record OpenOptions(Access access, Creation creation, boolean directIo, boolean followLinks) {

  /** Whether to write. */
  public enum Access {
    READ,
    READ_WRITE,
    /** To be written only, one byte behind the other: a FIFO waits for a reader (fifo(7)). */
    WRITE
  }

  /** What to do about a missing or an existing file. */
  public enum Creation {
    /** The file must exist. */
    EXISTING,
    /** The file is made when missing, with permissions 0666 less the umask. */
    IF_MISSING,
    /** The file must not exist ({@code O_EXCL}). */
    ALWAYS_NEW
  }

  /** An existing file, to be read. */
  public static OpenOptions reading() {
    return new OpenOptions(Access.READ, Creation.EXISTING, false, true);
  }

  /** An existing file, to be read and written. */
  public static OpenOptions writing() {
    return new OpenOptions(Access.READ_WRITE, Creation.EXISTING, false, true);
  }

  /**
   * An existing file that takes bytes one behind the other, such as a FIFO. As nothing reads it
   * through the same descriptor, a write fails with {@code EPIPE} once its reader has gone. The way
   * through {@code java.nio} alone knows only files with positions, and refuses a FIFO with {@code
   * ESPIPE}.
   */
  public static OpenOptions streaming() {
    return new OpenOptions(Access.WRITE, Creation.EXISTING, false, true);
  }

  /** A file that does not exist yet, to be read and written. */
  public static OpenOptions creatingNew() {
    return new OpenOptions(Access.READ_WRITE, Creation.ALWAYS_NEW, false, true);
  }

  /** A file to be read and written, made when missing. */
  public static OpenOptions creatingIfMissing() {
    return new OpenOptions(Access.READ_WRITE, Creation.IF_MISSING, false, true);
  }

  /** The same, past the page cache or not. */
  public OpenOptions withDirectIo(boolean direct) {
    return new OpenOptions(access, creation, direct, followLinks);
  }

  /** The same, refusing a symbolic link as the last component. */
  public OpenOptions withoutFollowingLinks() {
    return new OpenOptions(access, creation, directIo, false);
  }
}
