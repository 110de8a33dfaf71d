package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.cluster.ClusterEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;

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
   * Stores neighbouring clusters compressed; not durable on return.
   *
   * @param guestOffset the first cluster's beginning
   * @param lengths how long each one's stream is, 0 for a cluster that is left as it is; consumed
   * @param streams what an encoder made of them, one behind the other; consumed
   */
  void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams) throws IOException;
}
