package io.github.qcow4j.qcow2;

import org.jspecify.annotations.Nullable;

/**
 * What is to change about an image; null for what is to stay.
 *
 * @param version 2 or 3
 * @param sizeBytes size of the disk in bytes, a multiple of 512; what a smaller one cuts off is
 *     lost
 * @param lazyRefcounts whether others may postpone refcount updates
 * @param refcountOrder binary logarithm of the refcount width in bits, 0 to 6
 * @param dataFileName the stored name of the external data file
 * @param droppingRawDataFile whether the external data file need no longer be what the guest sees
 */
public record AmendRequest(
    @Nullable Integer version,
    @Nullable Long sizeBytes,
    @Nullable Boolean lazyRefcounts,
    @Nullable Integer refcountOrder,
    @Nullable String dataFileName,
    boolean droppingRawDataFile) {

  /** Nothing is to change. */
  public static final AmendRequest NOTHING = new AmendRequest(null, null, null, null, null, false);

  /** The same with another version. */
  public AmendRequest withVersion(int wanted) {
    return new AmendRequest(
        wanted, sizeBytes, lazyRefcounts, refcountOrder, dataFileName, droppingRawDataFile);
  }

  /** The same with another size, in bytes. */
  public AmendRequest withSize(long bytes) {
    return new AmendRequest(
        version, bytes, lazyRefcounts, refcountOrder, dataFileName, droppingRawDataFile);
  }

  /** The same with lazy refcounts or without. */
  public AmendRequest withLazyRefcounts(boolean wanted) {
    return new AmendRequest(
        version, sizeBytes, wanted, refcountOrder, dataFileName, droppingRawDataFile);
  }

  /** The same with refcounts of another width: its binary logarithm, in bits. */
  public AmendRequest withRefcountOrder(int order) {
    return new AmendRequest(
        version, sizeBytes, lazyRefcounts, order, dataFileName, droppingRawDataFile);
  }

  /** The same with another name of the data file. */
  public AmendRequest withDataFileName(String name) {
    return new AmendRequest(
        version, sizeBytes, lazyRefcounts, refcountOrder, name, droppingRawDataFile);
  }

  /** The same, and the data file need no longer be what the guest sees. */
  public AmendRequest withoutRawDataFile() {
    return new AmendRequest(version, sizeBytes, lazyRefcounts, refcountOrder, dataFileName, true);
  }
}
