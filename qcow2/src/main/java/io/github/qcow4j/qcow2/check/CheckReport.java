package io.github.qcow4j.qcow2.check;

/**
 * What a check found, in numbers.
 *
 * @param corruptions number of corruptions
 * @param leaks number of leaked clusters
 * @param checkErrors how many things could not be checked
 * @param totalClusters number of guest clusters of the disk
 * @param allocatedClusters how many of them have host clusters of their own, data or not, in the
 *     active state
 * @param fragmentedClusters how many of those do not follow the one before in the file; compressed
 *     ones never do
 * @param compressedClusters how many of those are compressed
 * @param imageEndOffset the end of the last host cluster in use, in bytes
 */
public record CheckReport(
    long corruptions,
    long leaks,
    long checkErrors,
    long totalClusters,
    long allocatedClusters,
    long fragmentedClusters,
    long compressedClusters,
    long imageEndOffset) {

  /** How a check ended, the worst of what was found. */
  public enum Outcome {
    /** Nothing is wrong. */
    CONSISTENT,
    /** Some things could not be checked, whatever else was found. */
    INCOMPLETE,
    /** There are corruptions. */
    CORRUPT,
    /** There are leaked clusters and nothing worse. */
    LEAKING
  }

  /** The same with other numbers of what is wrong. */
  CheckReport counting(long otherCorruptions, long otherLeaks, long otherErrors) {
    return new CheckReport(
        otherCorruptions,
        otherLeaks,
        otherErrors,
        totalClusters,
        allocatedClusters,
        fragmentedClusters,
        compressedClusters,
        imageEndOffset);
  }

  /** How the check ended. */
  public Outcome outcome() {
    if (checkErrors > 0) {
      return Outcome.INCOMPLETE;
    }
    if (corruptions > 0) {
      return Outcome.CORRUPT;
    }
    return leaks > 0 ? Outcome.LEAKING : Outcome.CONSISTENT;
  }
}
