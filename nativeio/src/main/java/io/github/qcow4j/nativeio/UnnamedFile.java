package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a file without a name that cannot be given one after all: {@code linkat(2)} may
 * refuse what {@code open(2)} with {@code O_TMPFILE} promised, where {@code /proc} has gone since,
 * where a sandbox knows the one call and not the other, or where files have no further names. The
 * work that is in the file is not lost for that: it is copied into one with a name.
 */
final class UnnamedFile {

  private UnnamedFile() {}

  /**
   * Whether a failure of {@link Volume#linkUnnamed} says that it cannot be done here, rather than
   * that the storage failed or is full. It may also say that the directory has gone: then there is
   * no making of a named file there either.
   */
  static boolean isRefusal(IOException failure) {
    if (failure instanceof NoSuchFileException || failure instanceof AccessDeniedException) {
      return true;
    }
    Errno errno = failure instanceof SystemCallException call ? Errno.of(call.errno()) : null;
    return errno == Errno.EPERM
        || errno == Errno.EOPNOTSUPP
        || errno == Errno.ENOSYS
        || errno == Errno.EINVAL
        || errno == Errno.ELOOP
        || errno == Errno.EXDEV
        || errno == Errno.EMLINK;
  }

  /**
   * Makes a new file what the one without a name is, holes as holes, and durable but for its name.
   *
   * @param like whose permissions it is to have, or null for those of any new file
   * @param copy the new file, empty; the caller closes it
   */
  static void copy(Volume volume, BlockFile unnamed, @Nullable Path like, BlockFile copy)
      throws IOException {
    if (like != null) {
      volume.copyPermissions(like, copy);
    }
    if (!copy.cloneFrom(unnamed)) {
      copyData(unnamed, copy);
    }
    copy.syncAll();
  }

  private static void copyData(BlockFile unnamed, BlockFile copy) throws IOException {
    long size = unnamed.size();
    copy.truncate(size);
    long data = unnamed.nextData(0);
    while (data >= 0 && data < size) {
      long hole = unnamed.nextHole(data);
      long end = hole < 0 ? size : hole;
      if (copy.copyRange(unnamed, data, data, end - data).totalBytes() < end - data) {
        // Nobody else can find the file, and its owner has done with it.
        throw Errno.EIO.exception("pread", unnamed.path().toString());
      }
      data = end >= size ? -1 : unnamed.nextData(end);
    }
  }
}
