package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.ChainOutline;
import io.github.qcow4j.snapshot.catalogue.DiskRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Rows;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A live disk of a box.
 *
 * @param disk the disk
 * @param chain its chain, itself included
 */
record LiveDisk(DiskRow disk, ChainOutline chain) {

  /** Those of a box, root first. */
  static List<LiveDisk> of(Rows rows, String boxId) throws IOException {
    Images images = new Images(rows);
    List<LiveDisk> disks = new ArrayList<>();
    for (DiskRow disk : new Boxes(rows).disks(boxId)) {
      disks.add(new LiveDisk(disk, images.outline(disk.image().id())));
    }
    return disks;
  }

  /** How many images have to be read for it, itself and what the catalogue knows below. */
  int depth() {
    return chain.depth();
  }
}
