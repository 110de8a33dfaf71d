package io.github.qcow4j.qcow2.check;

/** How the clusters of the disk are stored. For one thread. */
final class ClusterStatistics {

  private long allocated;
  private long fragmented;
  private long compressed;
  private long expectedOffset;

  /** Each L2 table begins anew: its first cluster follows nothing. */
  void beginTable() {
    expectedOffset = 0;
  }

  /** Adds clusters that follow each other in the file as on the disk. */
  void addRun(long hostOffset, long lengthBytes, int clusters) {
    allocated += clusters;
    if (expectedOffset != 0 && expectedOffset != hostOffset) {
      fragmented++;
    }
    expectedOffset = hostOffset + lengthBytes;
  }

  /** A compressed cluster counts as fragmented, and interrupts no run. */
  void addCompressed() {
    allocated++;
    compressed++;
    fragmented++;
  }

  long allocated() {
    return allocated;
  }

  long fragmented() {
    return fragmented;
  }

  long compressed() {
    return compressed;
  }
}
