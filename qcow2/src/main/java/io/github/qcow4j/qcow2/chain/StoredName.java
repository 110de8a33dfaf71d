package io.github.qcow4j.qcow2.chain;

import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * What the name of a backing file in a header stands for (qcow2 specification, "Header", field
 * backing_file_offset, and QEMU's reading of it).
 *
 * <p>A colon before the first slash makes a name a protocol's. Of these, {@code file:} is a plain
 * local file; {@code json:} and all others are never followed, whatever the policy.
 */
public final class StoredName {

  private static final String FILE_PROTOCOL = "file:";

  private StoredName() {}

  /**
   * The local file that a backing file name stands for: an absolute name as it is, a relative one
   * against the directory of the image that names it.
   *
   * @throws ReferenceDeniedException when the name is no plain local file's
   */
  public static Path resolveBacking(Path namingImage, String storedName)
      throws ReferenceDeniedException {
    String name = storedName;
    if (name.startsWith(FILE_PROTOCOL)) {
      name = name.substring(FILE_PROTOCOL.length());
    } else if (hasProtocol(name)) {
      throw new ReferenceDeniedException(
          namingImage, storedName, "only plain local files can be backing files");
    }
    return namingImage.resolveSibling(toPath(namingImage, storedName, name));
  }

  /**
   * The local file that a data file name stands for. Prefixes have no meaning in it, and a relative
   * name is taken against the working directory, as QEMU does.
   */
  public static Path resolveDataFile(Path namingImage, String storedName)
      throws ReferenceDeniedException {
    return toPath(namingImage, storedName, storedName);
  }

  /** Whether a name is a protocol's: a colon stands before the first slash. */
  public static boolean hasProtocol(String name) {
    int colon = name.indexOf(':');
    int slash = name.indexOf('/');
    return colon >= 0 && (slash < 0 || colon < slash);
  }

  /**
   * Whether a name has the character that stands for bytes that could not be decoded. Which bytes
   * they were is not known any more, so that using the name would be using another one.
   */
  public static boolean isUndecodable(String name) {
    return name.indexOf('\uFFFD') >= 0;
  }

  /** Whether only a directory can be meant. A path does not keep the slash that says so. */
  public static boolean isOfDirectory(String name) {
    return name.endsWith("/");
  }

  private static Path toPath(Path namingImage, String storedName, String name)
      throws ReferenceDeniedException {
    if (isUndecodable(name)) {
      throw new ReferenceDeniedException(
          namingImage, storedName, "the name is not UTF-8, and another file could be meant");
    }
    if (name.isEmpty()) {
      throw new ReferenceDeniedException(namingImage, storedName, "the name is empty");
    }
    if (isOfDirectory(name)) {
      throw new ReferenceDeniedException(
          namingImage, storedName, "a name that ends with a slash is a directory's");
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new ReferenceDeniedException(
          namingImage, storedName, "not a file name: " + e.getReason());
    }
  }
}
