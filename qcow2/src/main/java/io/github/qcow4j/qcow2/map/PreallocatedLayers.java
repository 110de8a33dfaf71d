package io.github.qcow4j.qcow2.map;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.transfer.StoredRuns;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which layers were made with metadata for their whole disk, so that data clusters may be holes of
 * the file. QEMU takes an image for one when clearly more clusters are in use than the file has
 * storage for: a ninth more, and two at least. Asked once for each layer.
 */
final class PreallocatedLayers {

  private final Map<DiskImage, Optional<StoredRuns>> known = new HashMap<>();

  /** What of a layer's data clusters is stored, or null where all of them are. */
  @Nullable StoredRuns runsOf(DiskImage layer) throws IOException {
    Optional<StoredRuns> answer = known.get(layer);
    if (answer == null) {
      boolean preallocated = layer instanceof Qcow2Image qcow2 && looksPreallocated(qcow2);
      answer = preallocated ? Optional.of(new StoredRuns(layer.dataFile())) : Optional.empty();
      known.put(layer, answer);
    }
    return answer.orElse(null);
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
