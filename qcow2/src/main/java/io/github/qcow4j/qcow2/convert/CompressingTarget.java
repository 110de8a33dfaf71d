package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A target that stores clusters compressed. Streams are made by many threads, and stored in order.
 */
interface CompressingTarget extends ConvertTarget {

  /** An encoder for one thread. */
  ClusterEncoder newEncoder() throws IOException;

  /** The length of a cluster in bytes; what is handed to {@link #write} is aligned to it. */
  int clusterSize();

  /** The size of the target's disk in bytes; only its last cluster may be shorter than others. */
  long virtualSize();

  /**
   * Stores one compressed cluster; not durable on return.
   *
   * @param guestOffset the cluster's beginning
   * @param stream what an encoder made of it; consumed
   */
  void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException;
}
