package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.json.JsonValue;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.json.JsonValue.JsonString;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code snapshot.json} says. {@code version}, {@code config} and {@code files} are Cocoon's;
 * lengths, digests and disks are this program's, which Cocoon passes over.
 *
 * @param config identity and description of the snapshot, with whatever else its maker wrote
 * @param files the names of all other files, or null where the maker did not list them
 * @param lengths how long files are, for those whose length is told
 * @param digests {@code sha256:} and 64 digits, for those whose digest is told
 * @param disks which files are disks, or null where their names tell
 */
public record Envelope(
    JsonObject config,
    @Nullable List<String> files,
    Map<String, Long> lengths,
    Map<String, String> digests,
    @Nullable List<EnvelopeDisk> disks) {

  /** The file's name. */
  public static final String NAME = "snapshot.json";

  /** The only version there is. */
  public static final int VERSION = 1;

  public Envelope {
    files = files == null ? null : List.copyOf(files);
    lengths = Map.copyOf(lengths);
    digests = Map.copyOf(digests);
    disks = disks == null ? null : List.copyOf(disks);
  }

  /**
   * One disk.
   *
   * @param role what it is to the box
   * @param file its file's name
   * @param format its format
   * @param virtualSize size of the disk in bytes
   */
  public record EnvelopeDisk(String role, String file, ImageFormat format, long virtualSize) {}

  /** The snapshot's id, or null when it has none. */
  public @Nullable String id() {
    return text("id");
  }

  /** The snapshot's name, or null when it has none. */
  public @Nullable String name() {
    return text("name");
  }

  /** What its maker said of it, or null. */
  public @Nullable String description() {
    return text("description");
  }

  /** A text of {@link #config}, or null where it has none of this name. */
  @Nullable String text(String key) {
    JsonValue value = config.get(key);
    return value instanceof JsonString(String text) && !text.isEmpty() ? text : null;
  }
}
