package io.github.qcow4j.snapshot.layout;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import java.nio.file.Path;
import java.util.List;

/**
 * Where things stand in a home. Files are named in the catalogue by their place below the home,
 * with {@code /} between, so that the home can be moved.
 *
 * <p>Disks and layers stand equally deep, so that {@code ../layers/NAME} means the same from both:
 * freezing a disk as a layer leaves its own backing name right.
 *
 * @param home the home's directory, absolute and without links
 */
public record HomeLayout(Path home) {

  /** Permissions of a new home and the directories in it. */
  public static final int PRIVATE_DIRECTORY = 0700;

  /** Permissions of new files in a home; later ones of a disk have those of the live one. */
  public static final int PRIVATE_FILE = 0600;

  private static final String DISKS = "disks";
  private static final String LAYERS = "layers";
  private static final String FILES = "files";
  private static final String STAGING = "staging";
  private static final String LOCKS = "locks";

  /** SQLite's file. */
  public Path catalogue() {
    return home.resolve("catalogue.db");
  }

  /** All directories of a home, in the order to make them in. */
  public List<Path> directories() {
    return List.of(disks(), layers(), files(), staging(), home.resolve(LOCKS));
  }

  /** Live disks. */
  public Path disks() {
    return home.resolve(DISKS);
  }

  /** Frozen images. */
  public Path layers() {
    return home.resolve(LAYERS);
  }

  /** What boxes have beside their disks. */
  public Path files() {
    return home.resolve(FILES);
  }

  /** Files on their way in. */
  public Path staging() {
    return home.resolve(STAGING);
  }

  /** Whether a path is below the staging directory. */
  public boolean isWithinStaging(Path path) {
    return path.startsWith(staging()) && !path.equals(staging());
  }

  /** The file whose bytes are locked. */
  public Path locks() {
    return home.resolve(LOCKS).resolve("leases");
  }

  /**
   * The path of a file that the catalogue names.
   *
   * @throws CatalogueException when that is none below the home: no program writes such a name, and
   *     a home may come from a stranger
   */
  public Path resolve(String file) throws CatalogueException {
    if (isPlaceOfFile(file)) {
      return home.resolve(file);
    }
    throw new CatalogueException(
        BoxException.Kind.CORRUPT,
        "the catalogue is damaged: it names a file that is not in the home: '" + file + "'",
        false,
        null);
  }

  /** Whether files of the home may stand at a place: right in one of its directories, or staged. */
  public static boolean isPlaceOfFile(String file) {
    List<String> parts = List.of(file.split("/", -1));
    if (parts.size() < 2 || parts.stream().anyMatch(HomeLayout::leadsElsewhere)) {
      return false;
    }
    return switch (parts.getFirst()) {
      case DISKS, LAYERS, FILES -> parts.size() == 2;
      case STAGING -> true;
      default -> false;
    };
  }

  /** The same for a path, absolute and without links. */
  public boolean isPlaceOfFile(Path real) {
    return real.startsWith(home) && isPlaceOfFile(home.relativize(real).toString());
  }

  private static boolean leadsElsewhere(String part) {
    return part.isEmpty() || part.equals(".") || part.equals("..") || part.indexOf('\0') >= 0;
  }

  /** The catalogue's name of a live disk. */
  public static String disk(String boxId, String role) {
    return DISKS + "/" + boxId + "-" + role + ".qcow2";
  }

  /** A name beside live disks for a file on its way to become one. */
  public static String next(String boxId, String role, String operationId) {
    return DISKS + "/" + boxId + "-" + role + "." + operationId + ".next";
  }

  /** The catalogue's name of a disk that a restore has replaced. */
  public static String kept(String boxId, String role, String operationId) {
    return DISKS + "/" + boxId + "-" + role + "." + operationId + ".kept";
  }

  /** The catalogue's name of a layer. */
  public static String layer(String layerId, ImageFormat format) {
    return LAYERS + "/" + layerId + "." + format.label();
  }

  /** The catalogue's name of a file that is no image. */
  public static String carried(String fileId) {
    return FILES + "/" + fileId;
  }

  /** How an image in {@code disks} or {@code layers} names a file of the home. */
  public static String backingName(String file) {
    return "../" + file;
  }
}
