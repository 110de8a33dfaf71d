package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.DiskImage;
import java.util.List;

/**
 * Disks of which only planned clusters are read: all else is left out. Asks no image for its
 * extents again, which may have changed since the plan was made.
 */
final class PlannedSource extends ConvertSource {

  private final ClusterPlan plan;
  private final int clusterBits;
  private final boolean packed;

  /**
   * @param images the disks
   * @param plan what is to be stored
   * @param clusterBits binary logarithm of the cluster size
   * @param packed whether compressed clusters are wanted, or plain ones
   */
  PlannedSource(List<DiskImage> images, ClusterPlan plan, int clusterBits, boolean packed) {
    super(images, ConvertTarget.NO_BACKING);
    this.plan = plan;
    this.clusterBits = clusterBits;
    this.packed = packed;
  }

  @Override
  SourceExtent extentAt(long offset) {
    long cluster = offset >>> clusterBits;
    long start = plan.next(cluster, packed, true);
    if (start > cluster) {
      return new SourceExtent(
          Math.min(start << clusterBits, sizeBytes()), Segment.Content.LEFT_TO_BACKING);
    }
    long end = plan.next(cluster, packed, false);
    return new SourceExtent(Math.min(end << clusterBits, sizeBytes()), Segment.Content.DATA);
  }
}
