package io.github.qcow4j.qcow2.rewrite;

import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import org.jspecify.annotations.Nullable;

/**
 * What is to change about an image when it is written anew; null for what is to stay.
 *
 * @param clusterBits binary logarithm of the cluster size in bytes, 9 to 21
 * @param compressionType how compressed clusters are to be compressed
 * @param extendedL2 whether L2 entries are to have subclusters
 * @param compressionLevel how hard to try: 1 to 9 for zlib, 1 to 22 for zstd, 0 for the usual
 * @param parallelism how many threads read and compress, 1 to 16
 * @param others what is to change besides
 */
public record RewriteRequest(
    @Nullable Integer clusterBits,
    @Nullable CompressionType compressionType,
    @Nullable Boolean extendedL2,
    int compressionLevel,
    int parallelism,
    AmendRequest others) {

  /** The largest number of threads: that of {@code qemu-img convert -m}, whatever a machine has. */
  public static final int MAX_PARALLELISM = 16;

  /**
   * All stays as it is. As many threads as {@link
   * io.github.qcow4j.qcow2.commit.CommitOptions#DEFAULT}, for the same reason.
   */
  public static final RewriteRequest SAME =
      new RewriteRequest(null, null, null, ClusterEncoder.DEFAULT_LEVEL, 4, AmendRequest.NOTHING);

  public RewriteRequest {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism is not 1 to 16: " + parallelism);
    }
  }

  /** The same with clusters of another size: its binary logarithm, in bytes. */
  public RewriteRequest withClusterBits(int bits) {
    return new RewriteRequest(
        bits, compressionType, extendedL2, compressionLevel, parallelism, others);
  }

  /** The same with another compression type. */
  public RewriteRequest withCompressionType(CompressionType type) {
    return new RewriteRequest(clusterBits, type, extendedL2, compressionLevel, parallelism, others);
  }

  /** The same with subclusters or without. */
  public RewriteRequest withExtendedL2(boolean wanted) {
    return new RewriteRequest(
        clusterBits, compressionType, wanted, compressionLevel, parallelism, others);
  }

  /** The same with all compressed clusters compressed anew, as hard as this. */
  public RewriteRequest withCompressionLevel(int level) {
    return new RewriteRequest(clusterBits, compressionType, extendedL2, level, parallelism, others);
  }

  /** The same with so many threads, 1 to 16. */
  public RewriteRequest withParallelism(int threads) {
    return new RewriteRequest(
        clusterBits, compressionType, extendedL2, compressionLevel, threads, others);
  }

  /** The same with other changes besides. */
  public RewriteRequest with(AmendRequest changes) {
    return new RewriteRequest(
        clusterBits, compressionType, extendedL2, compressionLevel, parallelism, changes);
  }

  /** Whether an image with this header has to be written anew for it. */
  public boolean isNeeded(Qcow2Header header) {
    return compressionLevel != ClusterEncoder.DEFAULT_LEVEL
        || (clusterBits != null && clusterBits != header.clusterBits())
        || (compressionType != null && compressionType != header.compressionType())
        || (extendedL2 != null && extendedL2 != header.has(Feature.EXTENDED_L2));
  }
}
