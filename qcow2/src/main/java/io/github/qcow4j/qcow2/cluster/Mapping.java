package io.github.qcow4j.qcow2.cluster;

/** What stands at a guest offset of one image, and for how many bytes the same holds. */
public sealed interface Mapping {

  /** For how many guest bytes, at least 1, the answer holds. */
  long lengthBytes();

  /**
   * Nothing: ask the backing file, or read zeros where there is none.
   *
   * @param lengthBytes for how many guest bytes
   * @param hostOffset where storage is reserved for them, as subclusters may have it, or -1 for
   *     nowhere
   */
  record Unallocated(long lengthBytes, long hostOffset) implements Mapping {}

  /**
   * Zeros, whatever the backing file holds.
   *
   * @param lengthBytes for how many guest bytes
   * @param hostOffset where storage is reserved for them, or -1 for nowhere
   */
  record Zero(long lengthBytes, long hostOffset) implements Mapping {}

  /**
   * Data, contiguous in the file that holds guest data.
   *
   * @param lengthBytes for how many guest bytes
   * @param hostOffset where they begin
   */
  record Data(long lengthBytes, long hostOffset) implements Mapping {}

  /**
   * A part of one compressed cluster.
   *
   * @param lengthBytes for how many guest bytes, within the cluster
   * @param offsetInCluster where in the decoded cluster they begin
   * @param hostOffset where the compressed data begin
   * @param maxBytes how many bytes they have at most
   */
  record Compressed(long lengthBytes, int offsetInCluster, long hostOffset, int maxBytes)
      implements Mapping {}
}
