package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Which layers were made with metadata for their whole disk, so that data clusters may be holes of
 * the file. QEMU takes an image for one when clearly more clusters are in use than the file has
 * storage for: a ninth more, and two at least. Asked once for each layer.
 */
final class PreallocatedLayers {

  private final Map<DiskImage, Boolean> known = new HashMap<>();

  boolean contains(DiskImage layer) throws IOException {
    Boolean answer = known.get(layer);
    if (answer == null) {
      answer = layer instanceof Qcow2Image qcow2 && looksPreallocated(qcow2);
      known.put(layer, answer);
    }
    return answer;
  }

  /** Refcounts that make no sense say nothing of preallocation. */
  private static boolean looksPreallocated(Qcow2Image image) throws IOException {
    BlockFile file = image.imageFile();
    long clusterSize = image.header().clusterSize();
    long stored = file.allocatedSize() / clusterSize;
    long threshold = Math.max(stored * 10 / 9, stored + 2);
    long fileClusters = (file.size() + clusterSize - 1) / clusterSize;
    if (fileClusters < threshold) {
      return false;
    }
    try {
      return new UsedClusters(file, image.header()).reach(threshold, fileClusters);
    } catch (CorruptImageException e) {
      return false;
    }
  }
}
