package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.chain.StoredName;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Understands the names of images that users give: plain file names, also behind {@code file:}, the
 * {@code key=value} form of {@code --image-opts}, and the same in JSON behind {@code json:}.
 * Whatever else {@code qemu-img} would take a name for is refused by its name.
 */
final class ImageNames {

  private static final String FILE_PROTOCOL = "file:";
  private static final String JSON_PROTOCOL = "json:";

  private final int exitCode;

  /**
   * @param exitCode what the program ends with when a name is refused
   */
  ImageNames(int exitCode) {
    this.exitCode = exitCode;
  }

  /**
   * A plain name.
   *
   * @param text the user's words
   * @param format the value of {@code -f}, or null
   */
  ImageName plain(String text, @Nullable String format) throws CommandFailure {
    ImageFormat known = format == null ? null : format(text, format);
    String file = text;
    if (file.startsWith(FILE_PROTOCOL)) {
      file = file.substring(FILE_PROTOCOL.length());
      if (StoredName.hasProtocol(file)) {
        // As it is shown, and as names beside it are made from it, it must stay a file's name.
        file = "./" + file;
      }
    } else if (file.startsWith(JSON_PROTOCOL)) {
      return inJson(text, file.substring(JSON_PROTOCOL.length()), known);
    } else if (StoredName.hasProtocol(file)) {
      throw refusal(text, "Unknown protocol '" + file.substring(0, file.indexOf(':')) + "'");
    }
    return named(text, file, known, null);
  }

  /** A plain name of a file that is to be made. */
  ImageName toCreate(String text) throws CommandFailure {
    if (!text.startsWith(FILE_PROTOCOL) && StoredName.hasProtocol(text)) {
      throw new CommandFailure(
          exitCode, "Unknown protocol '" + text.substring(0, text.indexOf(':')) + "'");
    }
    return plain(text, null);
  }

  /**
   * The name of an image that is to be made. It may be empty here.
   *
   * @param text the user's words
   */
  static ImageName newImage(String text) throws CommandFailure {
    String file = text;
    if (file.startsWith(FILE_PROTOCOL)) {
      file = file.substring(FILE_PROTOCOL.length());
      if (StoredName.hasProtocol(file)) {
        // As it is shown, and as names beside it are made from it, it must stay a file's name.
        file = "./" + file;
      }
    } else if (StoredName.hasProtocol(file)) {
      throw new CommandFailure(
          1, text + ": Unknown protocol '" + file.substring(0, file.indexOf(':')) + "'");
    }
    if (StoredName.isUndecodable(file)) {
      throw new CommandFailure(1, text + ": The name is not UTF-8");
    }
    if (StoredName.isOfDirectory(file)) {
      throw new CommandFailure(1, text + ": Could not create '" + file + "': Is a directory");
    }
    try {
      return new ImageName(text, file, Path.of(file), null, null);
    } catch (InvalidPathException e) {
      throw new CommandFailure(1, text + ": " + e.getReason());
    }
  }

  /** The {@code key=value} form. */
  ImageName described(String text) throws CommandFailure {
    try {
      return named(text, ImageDescription.ofOptions(text), null);
    } catch (UsageException e) {
      throw refusal(text, String.valueOf(e.getMessage()));
    }
  }

  private ImageName inJson(String text, String json, @Nullable ImageFormat stated)
      throws CommandFailure {
    try {
      return named(text, ImageDescription.ofJson(json), stated);
    } catch (UsageException e) {
      throw refusal(text, String.valueOf(e.getMessage()));
    }
  }

  private ImageName named(String text, ImageDescription description, @Nullable ImageFormat stated)
      throws CommandFailure {
    String driver = description.format();
    if (stated != null && driver != null && !driver.equals(stated.label())) {
      throw refusal(text, "Driver specified twice");
    }
    String dataFile = description.dataFile();
    return named(
        text,
        description.file(),
        driver == null ? stated : format(text, driver),
        dataFile == null ? null : path(text, dataFile));
  }

  private ImageName named(
      String text, String file, @Nullable ImageFormat format, @Nullable Path dataFile)
      throws CommandFailure {
    return new ImageName(text, file, path(text, file), format, dataFile);
  }

  private Path path(String text, String file) throws CommandFailure {
    if (file.isEmpty()) {
      throw refusal(text, "The 'file' block driver requires a file name");
    }
    if (StoredName.isUndecodable(file)) {
      throw refusal(text, "Could not open '" + file + "': The name is not UTF-8");
    }
    if (StoredName.isOfDirectory(file)) {
      throw refusal(text, "Could not open '" + file + "': Not a directory");
    }
    try {
      return Path.of(file);
    } catch (InvalidPathException e) {
      throw refusal(text, "Could not open '" + file + "': " + e.getReason());
    }
  }

  private ImageFormat format(String text, String label) throws CommandFailure {
    ImageFormat format = ImageFormat.byLabel(label).orElse(null);
    if (format == null) {
      throw refusal(text, "Unknown driver '" + label + "'");
    }
    return format;
  }

  private CommandFailure refusal(String text, String reason) {
    return new CommandFailure(exitCode, "Could not open '" + text + "': " + reason);
  }
}
