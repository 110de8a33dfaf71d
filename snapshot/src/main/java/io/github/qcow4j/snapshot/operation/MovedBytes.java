package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import io.github.qcow4j.qcow2.ExtentWalk;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How much a merge would move, told from tables alone. */
final class MovedBytes {

  private MovedBytes() {}

  /**
   * The guest bytes that an image shows of the layers which would be left out. Clusters that hold
   * only a part of it, and tables, are not counted.
   *
   * @param image what would be moved, which nobody writes to
   * @param first the highest layer of its chain that would be left out
   * @param next what it would lie on, further down its chain, or null for nothing of the home
   */
  static long of(Home home, ImageRow image, ImageRow first, @Nullable ImageRow next)
      throws IOException {
    List<String> chain =
        home.read(rows -> new Images(rows).chain(image.id()).stream().map(ImageRow::id).toList());
    int from = chain.indexOf(first.id());
    int to = next == null ? chain.size() : chain.indexOf(next.id());
    long bytes = 0;
    try (DiskImage disk =
        NewImages.open(
            home.volume(),
            home.layout().resolve(image.file()),
            ImageFormat.byLabel(image.format()).orElseThrow(),
            home.policy())) {
      ExtentWalk walk = disk.extents(0, disk.virtualSize());
      for (Extent extent = walk.next(); extent != null; extent = walk.next()) {
        if (!extent.readsAsZeros() && extent.depth() >= from && extent.depth() < to) {
          bytes += extent.lengthBytes();
        }
      }
    }
    return bytes;
  }
}
