package io.github.qcow4j.snapshot.intake;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.ImageFormat;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A disk that was looked at and found sound. Its bytes and its name are durable.
 *
 * @param role what it is to the box
 * @param path its name in the staging directory
 * @param format its format
 * @param virtualSize size of the disk in bytes
 * @param fileBytes how long the file is
 * @param digest {@code sha256:} and 64 digits over the file as it came, or null when it was not
 *     read
 * @param copied how its bytes came there
 * @param backing the file below it, which the caller's policy admitted, or null
 */
public record StagedDisk(
    String role,
    Path path,
    ImageFormat format,
    long virtualSize,
    long fileBytes,
    @Nullable String digest,
    CopyResult copied,
    @Nullable BackingLink backing) {

  /**
   * What an image stands on.
   *
   * @param path its absolute name, as it stands in the image
   * @param format its format, as it stands in the image
   */
  public record BackingLink(Path path, String format) {}
}
