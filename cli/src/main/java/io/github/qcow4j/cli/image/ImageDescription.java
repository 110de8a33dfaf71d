package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.JsonOptions;
import io.github.qcow4j.cli.option.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the user says of an image piece by piece, with {@code --image-opts} or behind {@code json:}:
 * which driver reads it, which file it is in, and how QEMU is to run it. A plain local file, alone
 * or as a qcow2 or raw image, is understood; so are the options that change how QEMU works but not
 * what an image holds, and they have no effect here. All else is refused by its name.
 */
final class ImageDescription {

  private static final Set<String> FLAGS =
      Set.of(
          "auto-read-only",
          "cache.direct",
          "cache.no-flush",
          "force-share",
          "lazy-refcounts",
          "pass-discard-other",
          "pass-discard-request",
          "pass-discard-snapshot",
          "read-only");

  private static final Set<String> OTHERS =
      Set.of(
          "cache-clean-interval",
          "cache-size",
          "detect-zeroes",
          "discard",
          "l2-cache-entry-size",
          "l2-cache-size",
          "node-name",
          "overlap-check",
          "refcount-cache-size");

  private static final Set<String> FILE_OTHERS =
      Set.of("aio", "detect-zeroes", "discard", "locking", "node-name");

  private static final String DATA_FILE = "data-file.";

  private final Map<String, String> entries;
  private @Nullable String driver;
  private @Nullable String file;
  private @Nullable String dataFile;

  private ImageDescription(Map<String, String> entries) {
    this.entries = entries;
  }

  /** The {@code key=value} form; a comma in a value is written twice. */
  static ImageDescription ofOptions(String text) throws UsageException {
    Map<String, String> entries = new LinkedHashMap<>();
    StringBuilder entry = new StringBuilder();
    for (int i = 0; i <= text.length(); i++) {
      boolean comma = i < text.length() && text.charAt(i) == ',';
      if (comma && i + 1 < text.length() && text.charAt(i + 1) == ',') {
        entry.append(',');
        i++;
      } else if (comma || i == text.length()) {
        add(entries, entry.toString());
        entry.setLength(0);
      } else {
        entry.append(text.charAt(i));
      }
    }
    return new ImageDescription(entries).understood();
  }

  private static void add(Map<String, String> entries, String entry) throws UsageException {
    int equals = entry.indexOf('=');
    String key = equals < 0 ? "file" : entry.substring(0, equals);
    entries.put(key, equals < 0 ? entry : entry.substring(equals + 1));
    refuseNode(entries);
  }

  /** The JSON form, without {@code json:}. */
  static ImageDescription ofJson(String text) throws UsageException {
    Map<String, String> entries = new LinkedHashMap<>();
    Map<String, JsonOptions.Value> values;
    try {
      values = JsonOptions.flatten(text);
    } catch (UsageException e) {
      throw String.valueOf(e.getMessage()).startsWith("JSON")
          ? e.after("Could not parse the JSON options: ")
          : e;
    }
    for (Map.Entry<String, JsonOptions.Value> value : values.entrySet()) {
      String shown = value.getValue().text();
      entries.put(
          value.getKey(),
          switch (value.getValue().kind()) {
            case FLAG -> shown.equals("true") ? "on" : "off";
            case TEXT, NUMBER, NULL -> shown;
          });
    }
    refuseNode(entries);
    return new ImageDescription(entries).understood();
  }

  private static void refuseNode(Map<String, String> entries) throws UsageException {
    for (String child : List.of("file", "data-file")) {
      String node = entries.get(child);
      if (node != null) {
        throw UsageException.wrongValue(
            "Cannot find device='" + node + "' nor node-name='" + node + "'");
      }
    }
  }

  private ImageDescription understood() throws UsageException {
    driver = entries.remove("driver");
    boolean plainFile = "file".equals(driver);
    file = entries.remove(plainFile ? "filename" : "file.filename");
    String fileDriver = entries.remove("file.driver");
    if (plainFile) {
      driver = "raw";
    }
    if (fileDriver != null && !fileDriver.equals("file")) {
      throw UsageException.wrongValue("Unknown driver '" + fileDriver + "'");
    }
    if (driver != null && !driver.equals("raw") && !driver.equals("qcow2")) {
      throw UsageException.wrongValue("Unknown driver '" + driver + "'");
    }
    takeDataFile();
    if (file == null) {
      throw UsageException.wrongValue(
          driver == null
              ? "Must specify either driver or file"
              : "A block device must be specified for \"file\"");
    }
    for (Map.Entry<String, String> entry : entries.entrySet()) {
      check(entry.getKey(), entry.getValue());
    }
    return this;
  }

  /** Guest data may be elsewhere than the image says, after they were moved for example. */
  private void takeDataFile() throws UsageException {
    if ("raw".equals(driver) || entries.keySet().stream().noneMatch(ImageDescription::isOfData)) {
      return;
    }
    String dataDriver = entries.remove(DATA_FILE + "driver");
    boolean layered = "raw".equals(dataDriver);
    dataFile = entries.remove(DATA_FILE + (layered ? "file.filename" : "filename"));
    if (dataDriver != null && !layered && !dataDriver.equals("file")) {
      throw UsageException.wrongValue("Unknown driver '" + dataDriver + "'");
    }
    if (dataFile == null) {
      throw UsageException.wrongValue(absenceOfDataFile(dataDriver));
    }
  }

  private static String absenceOfDataFile(@Nullable String dataDriver) {
    return switch (dataDriver) {
      case null -> "Must specify either driver or file";
      case "raw" -> "A block device must be specified for \"file\"";
      default -> "The 'file' block driver requires a file name";
    };
  }

  private static boolean isOfData(String key) {
    return key.startsWith(DATA_FILE);
  }

  private void check(String key, String value) throws UsageException {
    String prefix =
        key.startsWith("file.") ? "file." : dataFile != null && isOfData(key) ? DATA_FILE : "";
    boolean ofFile = !prefix.isEmpty();
    String name = key.substring(prefix.length());
    if (FLAGS.contains(name)) {
      if (!value.equals("on") && !value.equals("off")) {
        throw UsageException.wrongValue("Parameter '" + name + "' expects 'on' or 'off'");
      }
      return;
    }
    if (name.startsWith("encrypt.")) {
      throw UsageException.wrongValue(
          "Option '" + name + "' is not supported: encrypted images cannot be read");
    }
    boolean known =
        ofFile
            ? FILE_OTHERS.contains(name)
            : OTHERS.contains(name) || name.startsWith("overlap-check.");
    if (!known) {
      throw UsageException.wrongValue(
          ofFile
              ? "Block protocol 'file' doesn't support the option '" + name + "'"
              : "Block format '"
                  + (driver == null ? "file" : driver)
                  + "' does not support the option '"
                  + name
                  + "'");
    }
  }

  /** The format that is stated, or null to let the content decide. */
  @Nullable String format() {
    return driver;
  }

  /** The name of the file. */
  String file() {
    return Objects.requireNonNull(file);
  }

  /** The name of the external data file, or null to take the one that the image names. */
  @Nullable String dataFile() {
    return dataFile;
  }
}
