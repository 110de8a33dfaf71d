package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.chain.StoredName;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Understands the names of images that users give: plain file names, also behind {@code file:}, and
 * the {@code key=value} form of {@code --image-opts}. Whatever else {@code qemu-img} would take a
 * name for is refused by its name.
 */
final class ImageNames {

  private static final String FILE_PROTOCOL = "file:";

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
    } else if (StoredName.hasProtocol(file)) {
      throw refusal(text, "Unknown protocol '" + file.substring(0, file.indexOf(':')) + "'");
    }
    return named(text, file, known);
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
    try {
      return new ImageName(text, file, Path.of(file), null);
    } catch (InvalidPathException e) {
      throw new CommandFailure(1, text + ": " + e.getReason());
    }
  }

  /** The {@code key=value} form. */
  ImageName described(String text) throws CommandFailure {
    Map<String, String> entries = entries(text);
    String driver = entries.remove("driver");
    String fileDriver = entries.remove("file.driver");
    String file = entries.remove("file.filename");
    entries.remove("read-only");
    if ("file".equals(driver)) {
      file = entries.remove("filename");
      driver = ImageFormat.RAW.label();
    }
    ImageFormat format = driver == null ? null : format(text, driver);
    if (fileDriver != null && !fileDriver.equals("file")) {
      throw refusal(text, "Unknown driver '" + fileDriver + "'");
    }
    if (file == null) {
      throw refusal(
          text,
          driver == null
              ? "Must specify either driver or file"
              : "A block device must be specified for \"file\"");
    }
    if (!entries.isEmpty()) {
      String label = format == null ? "file" : format.label();
      String option = entries.keySet().iterator().next();
      throw refusal(
          text, "Block format '" + label + "' does not support the option '" + option + "'");
    }
    return named(text, file, format);
  }

  private ImageName named(String text, String file, @Nullable ImageFormat format)
      throws CommandFailure {
    if (file.isEmpty()) {
      throw refusal(text, "The 'file' block driver requires a file name");
    }
    if (StoredName.isUndecodable(file)) {
      throw refusal(text, "Could not open '" + file + "': The name is not UTF-8");
    }
    try {
      return new ImageName(text, file, Path.of(file), format);
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

  /** The entries in their order; a comma in a value is written twice. */
  private Map<String, String> entries(String text) throws CommandFailure {
    Map<String, String> entries = new LinkedHashMap<>();
    StringBuilder entry = new StringBuilder();
    for (int i = 0; i <= text.length(); i++) {
      boolean comma = i < text.length() && text.charAt(i) == ',';
      if (comma && i + 1 < text.length() && text.charAt(i + 1) == ',') {
        entry.append(',');
        i++;
      } else if (comma || i == text.length()) {
        add(entries, text, entry.toString());
        entry.setLength(0);
      } else {
        entry.append(text.charAt(i));
      }
    }
    return entries;
  }

  private void add(Map<String, String> entries, String text, String entry) throws CommandFailure {
    int equals = entry.indexOf('=');
    String key = equals < 0 ? "file" : entry.substring(0, equals);
    String value = equals < 0 ? entry : entry.substring(equals + 1);
    if (key.equals("file")) {
      throw refusal(text, "Cannot find device='" + value + "' nor node-name='" + value + "'");
    }
    entries.put(key, value);
  }

  private CommandFailure refusal(String text, String reason) {
    return new CommandFailure(exitCode, "Could not open '" + text + "': " + reason);
  }
}
