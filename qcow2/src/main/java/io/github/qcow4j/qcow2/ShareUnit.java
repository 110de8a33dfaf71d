package io.github.qcow4j.qcow2;

/** What shared ranges are made of. */
final class ShareUnit {

  /** The block size of nearly all file systems that share; others refuse what is not theirs. */
  static final int BLOCK_BYTES = 4096;

  private ShareUnit() {}

  /** Whole clusters are shared, if each of them is whole blocks; smaller ones never. */
  static int ofClusters(int clusterSize) {
    return clusterSize >= BLOCK_BYTES ? clusterSize : 0;
  }

  static void require(int unitBytes, long guestOffset, long lengthBytes) {
    if (unitBytes == 0 || guestOffset % unitBytes != 0 || lengthBytes % unitBytes != 0) {
      throw new IllegalArgumentException(
          "not a range of units of " + unitBytes + " bytes: " + guestOffset + " + " + lengthBytes);
    }
  }
}
