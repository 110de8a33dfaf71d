package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.create.ImageSpec.DataFile;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The external data file of a new image. */
public final class FreshDataFile {

  private FreshDataFile() {}

  /**
   * Makes the data file that the image wants: a file of the disk's size that reads as zeros, with
   * the storage that is to be preallocated. It appears under its name when it is published.
   *
   * @param control stops the work
   * @return the file, or null when the image's data are in the image
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing file is in use
   */
  public static @Nullable CreatedFile open(Volume volume, ImageSpec spec, JobControl control)
      throws IOException {
    DataFile wanted = spec.dataFile();
    if (wanted == null) {
      return null;
    }
    CreatedFile created = CreatedFile.open(volume, Path.of(wanted.name()));
    try {
      created.setSize(spec.sizeBytes());
      Storage.take(created.file(), 0, spec.sizeBytes(), spec.preallocation(), control);
      return created;
    } catch (IOException | RuntimeException e) {
      try {
        created.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }
}
