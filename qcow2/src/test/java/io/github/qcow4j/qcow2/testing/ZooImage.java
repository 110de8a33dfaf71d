package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * One generated image. Tests share it: read it, never write to it or beside it.
 *
 * @param number index in the zoo
 * @param path absolute path of the top layer, a qcow2 file
 * @param description what it is, in one line
 * @param chain all layers, top layer first
 * @param features what it exercises
 * @param snapshots internal snapshots of the top layer, in the order of its snapshot table
 * @param virtualSizeBytes guest size of the top layer
 * @param replay shell script that makes it again
 */
public record ZooImage(
    int number,
    Path path,
    String description,
    List<ZooLayer> chain,
    Set<Feature> features,
    List<ZooSnapshot> snapshots,
    long virtualSizeBytes,
    String replay) {

  public ZooImage {
    chain = List.copyOf(chain);
    features = Set.copyOf(features);
    snapshots = List.copyOf(snapshots);
  }

  /** The directory that holds all files of the image. */
  public Path directory() {
    return path.getParent();
  }

  public boolean has(Feature feature) {
    return features.contains(feature);
  }

  /** Description and script, for failure messages. */
  public String explain() {
    return description + "\n" + replay;
  }

  @Override
  public String toString() {
    return description;
  }
}
