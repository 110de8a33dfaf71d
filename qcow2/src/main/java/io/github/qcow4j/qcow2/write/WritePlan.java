package io.github.qcow4j.qcow2.write;

/** What is to be done about the beginning of a write, decided from the tables alone. */
sealed interface WritePlan {

  /** How many bytes of the write the plan covers, at least 1. */
  long lengthBytes();

  /**
   * The bytes go where the guest's old bytes stand; no table changes.
   *
   * @param lengthBytes how many
   * @param hostOffset where, in the file that holds guest data
   */
  record InPlace(long lengthBytes, long hostOffset) implements WritePlan {}

  /**
   * The bytes go to clusters that no table points to yet, or not as data; edges are filled with the
   * guest's old bytes, and then the clusters are linked.
   *
   * @param lengthBytes how many bytes of the write
   * @param guestStart where the filled range begins, at or before the write
   * @param guestEnd where it ends, at or behind the write
   * @param hostOffset where {@code guestStart} goes, in the file that holds guest data
   * @param firstGuestCluster the first cluster to link
   * @param clusterCount how many clusters to link
   * @param hostCluster the host offset of the first of them
   */
  record Fill(
      long lengthBytes,
      long guestStart,
      long guestEnd,
      long hostOffset,
      long firstGuestCluster,
      int clusterCount,
      long hostCluster)
      implements WritePlan {}
}
