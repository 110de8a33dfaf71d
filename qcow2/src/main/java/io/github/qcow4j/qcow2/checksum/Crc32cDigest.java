package io.github.qcow4j.qcow2.checksum;

import io.github.qcow4j.qcow2.job.JobControl;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C of parts, each found out by itself and then joined. */
final class Crc32cDigest implements ContentDigest {

  private int value;

  @Override
  public int ofPart(ByteBuffer data) {
    CRC32C crc = new CRC32C();
    crc.update(data.duplicate());
    return (int) crc.getValue();
  }

  @Override
  public void append(ByteBuffer data, int ofPart) {
    value = Crc32cJoin.joined(value, ofPart, data.remaining());
  }

  @Override
  public void appendZeros(long lengthBytes, JobControl control) {
    value = Crc32cJoin.joined(value, Crc32cJoin.ofZeros(lengthBytes), lengthBytes);
  }

  @Override
  public byte[] value() {
    return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
  }
}
