package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;

/**
 * Where L2 tables come from: a cache over the file, or the tables of an image that is being
 * written.
 */
@FunctionalInterface
public interface L2Source {

  /**
   * The table at a host offset.
   *
   * @param file the image
   * @param hostOffset where the table stands, cluster aligned and within the file
   * @param clusterSize the table's length in bytes
   * @param extended whether its entries have 16 bytes
   */
  L2Table get(BlockFile file, long hostOffset, int clusterSize, boolean extended)
      throws IOException;
}
