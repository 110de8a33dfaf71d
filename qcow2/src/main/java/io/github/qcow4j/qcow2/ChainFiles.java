package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files that an open chain stands in, data files too, whatever their names. Asked by what puts
 * a layer on the chain before it does: a layer that stands in one of them would take the place of
 * what it is to show, and lie on itself.
 *
 * @param identities which files
 */
public record ChainFiles(Set<FileIdentity> identities) {

  /** No file yet. */
  public static final ChainFiles NONE = new ChainFiles(Set.of());

  /**
   * The files of an image and all below it.
   *
   * @param image open with its data, or null for none
   */
  public static ChainFiles of(@Nullable DiskImage image) {
    Set<FileIdentity> identities = new HashSet<>();
    for (DiskImage layer = image; layer != null; layer = layer.backing()) {
      identities.addAll(ofLayer(layer));
    }
    return new ChainFiles(Set.copyOf(identities));
  }

  private static Set<FileIdentity> ofLayer(DiskImage layer) {
    FileIdentity data = layer.dataFile().identity();
    Set<FileIdentity> identities = new HashSet<>(Set.of(data));
    if (layer instanceof Qcow2Image qcow2) {
      identities.add(qcow2.imageFile().identity());
    }
    return identities;
  }

  /**
   * Whether a name stands for one of them, links followed. One that stands for nothing does not.
   *
   * @throws IOException when that cannot be found out
   */
  public boolean hold(Volume volume, Path name) throws IOException {
    if (identities.isEmpty()) {
      return false;
    }
    try {
      return identities.contains(volume.status(name).identity());
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether an image, apart from what lies below it, stands in one of them. */
  public boolean hold(DiskImage layer) {
    return ofLayer(layer).stream().anyMatch(identities::contains);
  }
}
