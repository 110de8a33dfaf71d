package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import java.io.IOException;
import java.util.List;

/**
 * Keeps chains short: a live disk whose chain has become too long takes up what it shows of the
 * layers between, and lies on the lowest layer then. The layers between stay for their snapshots.
 * Where storage can be shared, it is.
 */
final class Shortening {

  private Shortening() {}

  /** Shortens those live disks of a stopped, locked box that one more layer would make too long. */
  static void run(Home home, BoxRow box) throws IOException {
    for (DiskRow disk : home.read(rows -> new Boxes(rows).disks(box.id()))) {
      ImageRow image = disk.image();
      if (home.read(rows -> new Images(rows).depth(image.id())) >= home.maxChainLayers()) {
        List<ImageRow> chain = home.read(rows -> new Images(rows).chain(image.id()));
        Parent lowest = chain.size() > 2 ? new Parent.Inside(chain.getLast().id()) : image.parent();
        if (lowest != null && !lowest.equals(image.parent())) {
          Rebasing.run(home, box, image, lowest, new JobControl());
        }
      }
    }
  }
}
