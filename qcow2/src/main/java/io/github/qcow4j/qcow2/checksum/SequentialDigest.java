package io.github.qcow4j.qcow2.checksum;

import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A digest of the Java platform, which knows no other way than from front to back. */
final class SequentialDigest implements ContentDigest {

  /**
   * How many are digested at once: few enough for the first cache. SHA-256 of 1 GiB of them takes
   * 0.53 s by 4, 16 and 64 KiB and 0.61 s by 1 MiB.
   */
  private static final int ZEROS_BYTES = 64 << 10;

  private final MessageDigest digest;
  private final byte[] zeros = new byte[ZEROS_BYTES];

  /**
   * @param name one that every Java platform has
   */
  SequentialDigest(String name) {
    try {
      digest = MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has " + name, e);
    }
  }

  @Override
  public int ofPart(ByteBuffer data) {
    return 0;
  }

  @Override
  public void append(ByteBuffer data, int ofPart) {
    digest.update(data.duplicate());
  }

  @Override
  public void appendZeros(long lengthBytes, JobControl control) throws JobCancelledException {
    for (long left = lengthBytes; left > 0; ) {
      control.checkpoint();
      int count = (int) Math.min(left, ZEROS_BYTES);
      digest.update(zeros, 0, count);
      left -= count;
    }
  }

  @Override
  public byte[] value() {
    return digest.digest();
  }
}
