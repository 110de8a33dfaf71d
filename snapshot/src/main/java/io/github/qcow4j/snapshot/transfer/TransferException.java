package io.github.qcow4j.snapshot.transfer;

import java.io.IOException;

/**
 * Something is wrong with an archive or a directory that a box travels in, rather than with the
 * storage it stands on.
 *
 * <p>The family is closed, so that a caller can tell each kind from the others without reading
 * texts:
 *
 * <pre>
 * DamagedTransferException     the bytes contradict the format, a digest, or each other
 * UnsupportedTransferException sound, but of a version or kind that this program does not know
 * RefusedTransferException     sound, but what it asks for is not allowed: a link, another file
 * TransferLimitException       larger than the caller, or a named limit, allows
 * </pre>
 *
 * An archive that is not there is a {@link java.nio.file.NoSuchFileException}.
 */
public abstract sealed class TransferException extends IOException
    permits DamagedTransferException,
        UnsupportedTransferException,
        RefusedTransferException,
        TransferLimitException {

  private static final long serialVersionUID = 1L;

  TransferException(String message) {
    super(message);
  }
}
