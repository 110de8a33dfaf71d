package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.PartlyDoneException;
import io.github.qcow4j.snapshot.quiesce.QuiesceException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Puts failures into one line: what is wrong, with the name of what it is wrong with. */
final class FailureText {

  private FailureText() {}

  static String of(Throwable failure, ErrorText words) {
    return followedByNotes(reason(failure, words), failure);
  }

  /** A line, and what else is to be known of a failure. */
  static String followedByNotes(String line, Throwable failure) {
    StringBuilder text = new StringBuilder(line);
    for (Throwable note : failure.getSuppressed()) {
      if (note instanceof QuiesceException stillHeld) {
        // Somebody has to look after the guest, whatever else went wrong.
        text.append("; ").append(stillHeld.getMessage());
      } else if (note instanceof PartlyDoneException done) {
        text.append("; ").append(done.getMessage());
      }
    }
    return text.toString();
  }

  private static String reason(Throwable failure, ErrorText words) {
    return switch (failure) {
      case BoxException box -> String.valueOf(box.getMessage());
      case ImageException image -> named(image, words.reason(image));
      case FileAlreadyExistsException existing when existing.getReason() == null ->
          "'" + existing.getFile() + "' exists already; remove it or give another name";
      case DirectoryNotEmptyException full ->
          "'" + full.getFile() + "' is not empty; empty it or give another name";
      case NotDirectoryException other -> "'" + other.getFile() + "' is no directory";
      case FileSystemException file -> named(file.getFile(), words.reason(file));
      default -> words.reason(failure);
    };
  }

  /** Messages about an image tell its name seldom, because {@code qemu-img}'s do not. */
  private static String named(ImageException failure, String reason) {
    Path image = failure.image();
    return image == null || reason.contains("'" + image + "'")
        ? reason
        : "'" + image + "': " + reason;
  }

  private static String named(@Nullable String file, String reason) {
    // A new file in the working directory may have no name while it is written.
    return file == null || file.isEmpty() ? reason : "'" + file + "': " + reason;
  }
}
