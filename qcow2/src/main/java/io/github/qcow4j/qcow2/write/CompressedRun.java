package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;

/**
 * Neighbouring guest clusters on their way into the file as compressed streams: how long each one
 * is, where it comes to stand, and how far it got, so that a failure gives back what nothing points
 * to. A cluster whose stream has no length is passed over.
 */
final class CompressedRun {

  private final long guestOffset;
  private final IntBuffer lengths;
  private final int clusterBits;
  private final long[] hostOffsets;
  private int placed;
  private int linked;

  /**
   * @param guestOffset the first cluster's beginning
   * @param lengths how long the streams are, 0 for a cluster that is passed over
   * @param clusterBits binary logarithm of the cluster size
   */
  CompressedRun(long guestOffset, IntBuffer lengths, int clusterBits) {
    this.guestOffset = guestOffset;
    this.lengths = lengths;
    this.clusterBits = clusterBits;
    this.hostOffsets = new long[lengths.limit()];
  }

  long guestOffset() {
    return guestOffset;
  }

  long guestOffset(int index) {
    return guestOffset + ((long) index << clusterBits);
  }

  int clusters() {
    return lengths.limit();
  }

  /** From the first cluster's beginning into the last cluster, which the disk may end within. */
  long lengthBytes() {
    return ((long) (clusters() - 1) << clusterBits) + 1;
  }

  int length(int index) {
    return lengths.get(index);
  }

  long hostOffset(int index) {
    return hostOffsets[index];
  }

  boolean isEmpty() {
    for (int i = 0; i < clusters(); i++) {
      if (length(i) > 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes places, in the order of the clusters. */
  void place(ClusterAllocator allocator) throws IOException {
    while (placed < clusters()) {
      if (length(placed) > 0) {
        hostOffsets[placed] = allocator.allocatePacked(length(placed));
      }
      placed++;
    }
  }

  /** Writes the streams, those that stand one behind the other at once. */
  void write(BlockFile file, ByteBuffer streams) throws IOException {
    long start = 0;
    int bytes = 0;
    for (int i = 0; i < clusters(); i++) {
      if (length(i) > 0 && hostOffsets[i] != start + bytes) {
        write(file, start, bytes, streams);
        start = hostOffsets[i];
        bytes = 0;
      }
      bytes += length(i);
    }
    write(file, start, bytes, streams);
  }

  private static void write(BlockFile file, long hostOffset, int bytes, ByteBuffer streams)
      throws IOException {
    if (bytes > 0) {
      file.write(streams.slice(streams.position(), bytes), hostOffset);
      streams.position(streams.position() + bytes);
    }
  }

  /** Something points to a cluster's place now; called in the order of the clusters. */
  void linked(int index) {
    linked = index + 1;
  }

  /** Whether there are places that nothing points to. */
  boolean hasUnlinked() {
    return linked < placed;
  }

  void giveBackUnlinked(ClusterAllocator allocator) throws IOException {
    for (int i = linked; i < placed; i++) {
      if (length(i) > 0) {
        allocator.giveBackPacked(hostOffsets[i], length(i));
      }
    }
  }
}
