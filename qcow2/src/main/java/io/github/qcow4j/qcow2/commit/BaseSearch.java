package io.github.qcow4j.qcow2.commit;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds the image of a chain that a name means. */
final class BaseSearch {

  private final Volume volume;
  private final DiskImage overlay;

  BaseSearch(Volume volume, DiskImage overlay) {
    this.volume = volume;
    this.overlay = overlay;
  }

  /**
   * How many layers lie above the image of that name.
   *
   * @param name as some overlay of the chain stores it, or as it leads there from the directory of
   *     the overlay above; null for the topmost backing file
   */
  int depthOf(@Nullable String name) throws IOException {
    List<DiskImage> layers = overlay.layers();
    if (layers.size() == 1 && name == null) {
      throw new NoSuchBaseException("Image does not have a backing file");
    }
    if (name == null) {
      return 1;
    }
    for (int depth = 1; depth < layers.size(); depth++) {
      if (means(name, layers.get(depth - 1), layers.get(depth))) {
        return depth;
      }
    }
    throw new NoSuchBaseException(
        "Did not find '" + name + "' in the backing chain of '" + overlay.path() + "'");
  }

  private boolean means(String name, DiskImage above, DiskImage candidate) throws IOException {
    if (above instanceof Qcow2Image image && name.equals(image.header().backingFileName())) {
      return true;
    }
    FileIdentity named = identity(above.path(), name);
    return named != null && named.equals(file(candidate).identity());
  }

  private static BlockFile file(DiskImage image) {
    return switch (image) {
      case Qcow2Image qcow2 -> qcow2.imageFile();
      case RawImage raw -> raw.dataFile();
    };
  }

  private @Nullable FileIdentity identity(Path above, String name) throws IOException {
    Path path;
    try {
      path = StoredName.resolveBacking(above, name);
    } catch (ReferenceDeniedException e) {
      // No file's name, and so not that of any image here.
      return null;
    }
    return volume.exists(path) ? volume.status(path).identity() : null;
  }
}
