package io.github.qcow4j.cli.console;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.UnavailableProviderException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnseenCharacter;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/**
 * The one place that puts failures into words: QEMU's where it has some, and never more than one
 * line and a hint.
 */
public final class ErrorText {

  private final Personality personality;

  ErrorText(Personality personality) {
    this.personality = personality;
  }

  /**
   * The failure to open an image.
   *
   * @param exitCode what the program ends with
   * @param name the image as the user named it
   * @param failure why; its {@link ReferenceTrail}s tell which layer of the chain it was
   */
  public CommandFailure couldNotOpen(int exitCode, String name, IOException failure) {
    String line = "Could not open '" + oneLine(name) + "': " + reasonNotOpened(failure);
    return new CommandFailure(exitCode, line, hint(failure), failure);
  }

  /** Why an image, or a layer below it, could not be opened, without the image's name. */
  public String reasonNotOpened(IOException failure) {
    StringBuilder line = new StringBuilder();
    for (Throwable note : failure.getSuppressed()) {
      if (note instanceof ReferenceTrail trail
          && trail.role() == ReferenceTrail.Role.BACKING_FILE) {
        line.append("Could not open backing file: ");
      }
    }
    return line.append(whileOpening(failure)).toString();
  }

  /** The failure of one file to open, without the names that led to it. */
  public String whileOpening(IOException failure) {
    if (failure instanceof FileSystemException file) {
      return whileOpeningFile(file);
    }
    return reason(failure);
  }

  /** A second line that helps, or null. */
  public @Nullable String hint(Throwable failure) {
    return switch (failure) {
      case ImageInUseException inUse when inUse.image() != null ->
          "Is another process using the image [" + oneLine(String.valueOf(inUse.image())) + "]?";
      case LimitExceededException limit when limit.remedy() != null ->
          "You can " + limit.remedy() + " with " + personality.programName() + " check -r all";
      default -> null;
    };
  }

  /**
   * Why something failed, for the end of a line that says what: the kernel's reason, what is wrong
   * with the image, or what the program ran out of.
   */
  public String reason(Throwable failure) {
    return switch (failure) {
      case ImageException image -> describe(image);
      case FileSystemException file -> kernelReason(file);
      case OutOfMemoryError memory -> "Cannot allocate memory";
      case StackOverflowError stack -> "Cannot allocate memory";
      case IOException io -> singleLine(io);
      case UnavailableProviderException provider -> singleLine(provider);
      default -> "internal error: " + singleLine(failure);
    };
  }

  /** Why something failed, as a line of its own: where it is the kernel's reason, with the file. */
  public String line(Throwable failure) {
    String reason = reason(failure);
    return failure instanceof FileSystemException named
            && named.getFile() != null
            && Errno.ofText(reason) != null
        ? file(named) + ": " + reason
        : reason;
  }

  private String describe(ImageException failure) {
    String where = failure.where();
    String message = singleLine(failure);
    return personality == Personality.QCOW4J && where != null
        ? message + " (" + oneLine(where) + ")"
        : message;
  }

  private static String whileOpeningFile(FileSystemException failure) {
    String reason = kernelReason(failure);
    if (failure instanceof SystemCallException call && call.errno() == Errno.EISDIR.number()) {
      return "'file' driver requires '" + file(failure) + "' to be a regular file";
    }
    boolean complete = failure instanceof SystemCallException call && call.errno() == 0;
    if (complete && Errno.ofText(reason) == null) {
      return reason;
    }
    boolean opening = !(failure instanceof SystemCallException call) || isOpening(call.call());
    return "Could not " + (opening ? "open" : "read") + " '" + file(failure) + "': " + reason;
  }

  private static String file(FileSystemException failure) {
    return oneLine(String.valueOf(failure.getFile()));
  }

  private static boolean isOpening(String call) {
    return !call.startsWith("p") && !call.startsWith("read");
  }

  private static String kernelReason(FileSystemException failure) {
    return switch (failure) {
      case NoSuchFileException missing -> Errno.ENOENT.text();
      case AccessDeniedException denied -> Errno.EACCES.text();
      case DirectoryNotEmptyException full -> Errno.ENOTEMPTY.text();
      case FileAlreadyExistsException existing ->
          existing.getReason() == null ? Errno.EEXIST.text() : oneLine(existing.getReason());
      case FileSystemLoopException loop -> Errno.ELOOP.text();
      default -> failure.getReason() == null ? singleLine(failure) : oneLine(failure.getReason());
    };
  }

  private static String singleLine(Throwable failure) {
    String message = failure.getMessage();
    String text =
        message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
    return oneLine(text);
  }

  /**
   * A text of strangers in one line: names come from images too, and must neither begin a line nor
   * draw on a terminal, nor turn around what is read.
   */
  public static String oneLine(String text) {
    // Of millions of lines of a check hardly one has anything but printable ASCII.
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        return withoutUnseen(text);
      }
    }
    return text;
  }

  private static String withoutUnseen(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(each -> line.appendCodePoint(UnseenCharacter.is(each) ? ' ' : each));
    return line.toString();
  }
}
