package io.github.qcow4j.cli.box;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.BoxException.Kind;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;

/** What kind of failure each exception is, which decides how the program ends. */
final class FailureCode {

  private FailureCode() {}

  static Kind of(Throwable failure) {
    return switch (failure) {
      case BoxException box -> box.kind();
      case DamagedTransferException damaged -> Kind.CORRUPT;
      case UnsupportedTransferException unsupported -> Kind.UNSUPPORTED;
      case TransferException refused -> Kind.REFUSED;
      case CorruptImageException corrupt -> Kind.CORRUPT;
      case UnsupportedFeatureException unsupported -> Kind.UNSUPPORTED;
      case ReferenceDeniedException denied -> Kind.REFUSED;
      case LimitExceededException limit -> Kind.REFUSED;
      case ImageInUseException inUse -> Kind.CONFLICT;
      case NoSuchFileException missing -> Kind.NOT_FOUND;
      case FileAlreadyExistsException existing -> Kind.EXISTS;
      case DirectoryNotEmptyException full -> Kind.EXISTS;
      default -> Kind.FAILED;
    };
  }
}
