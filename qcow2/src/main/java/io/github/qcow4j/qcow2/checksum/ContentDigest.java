package io.github.qcow4j.qcow2.checksum;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.ByteBuffer;

/** A checksum that grows from the front of a disk to its end. */
interface ContentDigest {

  /** What can be found out of a part before those in front of it are known; in any thread. */
  int ofPart(ByteBuffer data);

  /**
   * Appends a part. One call at a time, in the order of the disk.
   *
   * @param data the bytes
   * @param ofPart what {@link #ofPart} said of them
   */
  void append(ByteBuffer data, int ofPart);

  /**
   * Appends zeros. One call at a time, in the order of the disk.
   *
   * @param lengthBytes how many
   * @param control asked whether to go on, where that takes long
   */
  void appendZeros(long lengthBytes, JobControl control) throws JobCancelledException;

  /** The checksum of all that was appended. Called once. */
  byte[] value();
}
