package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.console.ErrorText;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.snapshot.error.BoxException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/** Puts failures into one line: what is wrong, with the name of what it is wrong with. */
final class FailureText {

  private FailureText() {}

  static String of(Throwable failure, ErrorText words) {
    return switch (failure) {
      case BoxException box -> String.valueOf(box.getMessage());
      case ImageInUseException inUse when inUse.image() != null ->
          "'" + inUse.image() + "': " + words.reason(failure);
      case ImageException image -> words.reason(image);
      case FileSystemException file -> named(file.getFile(), words.reason(file));
      default -> words.reason(failure);
    };
  }

  private static String named(@Nullable String file, String reason) {
    return file == null ? reason : "'" + file + "': " + reason;
  }
}
