package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.DiskImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Images that are closed together. */
final class OpenSources implements AutoCloseable {

  private final List<DiskImage> opened = new ArrayList<>();
  private final List<DiskImage> disks = new ArrayList<>();

  /**
   * Adds an image.
   *
   * @param image what to close
   * @param disk what to read: the image, or a view of it
   */
  void add(DiskImage image, DiskImage disk) {
    opened.add(image);
    disks.add(disk);
  }

  List<DiskImage> disks() {
    return disks;
  }

  /** The size of all disks together, in bytes. */
  long totalBytes() {
    long total = 0;
    for (DiskImage disk : disks) {
      total = Math.addExact(total, disk.virtualSize());
    }
    return total;
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (DiskImage image : opened) {
      try {
        image.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
