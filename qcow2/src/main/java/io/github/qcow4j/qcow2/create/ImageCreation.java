package io.github.qcow4j.qcow2.create;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Path;

/** Creates qcow2 images. */
public final class ImageCreation {

  private ImageCreation() {}

  /**
   * Creates an image, replacing an existing file of that name at once or not at all; so is its data
   * file, when it has one, just before: {@link CreatedFile#publishBefore}. A block device is
   * written in place. Durable on return.
   *
   * @param volume where the name is looked up
   * @param path the name
   * @param spec what to create
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when an existing image is in use
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the disk is too large for its
   *     clusters, or names do not fit into the header
   */
  public static void create(Volume volume, Path path, ImageSpec spec) throws IOException {
    create(volume, path, spec, new JobControl());
  }

  /**
   * The same for preallocation that may take long.
   *
   * @param control stops the work; nothing is left of it then, but on a device
   */
  public static void create(Volume volume, Path path, ImageSpec spec, JobControl control)
      throws IOException {
    try (CreatedFile file = CreatedFile.open(volume, path);
        CreatedFile dataFile = FreshDataFile.open(volume, spec, control)) {
      Qcow2Header _ = writeFresh(file.file(), spec, control);
      if (dataFile == null) {
        file.publish();
      } else {
        dataFile.publishBefore(file);
      }
    }
  }

  /**
   * Lays out an empty image in an empty file, or from the beginning of a device; not durable on
   * return. Makes no data file.
   *
   * @param control stops the work
   */
  public static Qcow2Header writeFresh(BlockFile file, ImageSpec spec, JobControl control)
      throws IOException {
    return new FreshLayout(spec, false, control).write(file);
  }

  /**
   * Lays out an empty image in an empty file so that it takes a few blocks of storage: zeros at the
   * ends of clusters are left to be holes. Not durable on return. Makes no data file.
   */
  public static Qcow2Header writeSparse(BlockFile file, ImageSpec spec) throws IOException {
    return new FreshLayout(spec, true, new JobControl()).write(file);
  }
}
