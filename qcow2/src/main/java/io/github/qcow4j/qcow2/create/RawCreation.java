package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;

/** Creates raw images. */
public final class RawCreation {

  private RawCreation() {}

  /**
   * Creates an image of zeros, replacing an existing file of that name at once or not at all; a
   * device is only looked at, whether it is large enough. Durable on return.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param sizeBytes the size, which becomes the file's length
   * @param preallocation which storage to take at once; not {@code METADATA}
   * @param control stops the work; nothing is left of it then
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image is in use
   * @throws IOException when the storage fails, or does not suffice
   */
  public static void create(
      Volume volume, Path path, long sizeBytes, Preallocation preallocation, JobControl control)
      throws IOException {
    if (preallocation == Preallocation.METADATA) {
      throw new IllegalArgumentException("a raw image has no metadata");
    }
    try (CreatedFile created = CreatedFile.open(volume, path)) {
      created.setSize(sizeBytes);
      if (!created.isDevice()) {
        Storage.takeRaw(created.file(), sizeBytes, preallocation, control);
      }
      created.publish();
    }
  }
}
