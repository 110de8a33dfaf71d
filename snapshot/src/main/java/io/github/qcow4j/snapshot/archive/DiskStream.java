package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.PlannedStream;
import io.github.qcow4j.qcow2.convert.StreamConversion;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.tar.TarWriter;
import io.github.qcow4j.snapshot.transfer.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A disk, flattened to one qcow2 file that is written from front to back: once to be digested,
 * because archives tell the digest ahead of the disk, and once to be archived. The disk's data are
 * read twice, but nothing is kept in memory or in a temporary file. A cyclic redundancy check,
 * which costs nothing beside a digest, tells whether both times were the same.
 */
final class DiskStream {

  private final String role;
  private final PlannedStream stream;
  private final long virtualSize;
  private String digest = "";
  private long digestedCrc;

  private DiskStream(String role, PlannedStream stream, long virtualSize) {
    this.role = role;
    this.stream = stream;
    this.virtualSize = virtualSize;
  }

  static DiskStream plan(String role, DiskImage image, int parallelism, JobControl control)
      throws IOException {
    int sparseBytes = ConvertOptions.DEFAULT.sparseBytes();
    ConvertOptions options = new ConvertOptions(parallelism, sparseBytes, false, 0);
    ImageSpec spec = ImageSpec.ofSize(image.virtualSize());
    return new DiskStream(
        role,
        StreamConversion.planQcow2(List.of(image), spec, options, control),
        image.virtualSize());
  }

  ArchiveResult.ExportedDisk result() {
    return new ArchiveResult.ExportedDisk(role, virtualSize, stream.lengthBytes(), digest);
  }

  long lengthBytes() {
    return stream.lengthBytes();
  }

  /** The first time: computes the digest. */
  String digest(JobControl control) throws IOException {
    Sha256 sha256 = new Sha256();
    CRC32C crc = new CRC32C();
    stream.writeTo(
        new Tap(bytes -> {
          crc.update(bytes.duplicate());
          sha256.add(bytes);
        }),
        control);
    digestedCrc = crc.getValue();
    digest = sha256.text();
    return digest;
  }

  /** The second time: writes the member's content. */
  void writeTo(TarWriter tar, JobControl control) throws IOException {
    CRC32C crc = new CRC32C();
    stream.writeTo(
        new Tap(bytes -> {
          crc.update(bytes.duplicate());
          tar.write(bytes.duplicate());
        }),
        control);
    if (crc.getValue() != digestedCrc) {
      throw new IOException("Disk '" + role + "' changed while it was exported");
    }
  }

  /** Takes bytes without changing their buffer. */
  @FunctionalInterface
  private interface Taker {
    void take(ByteBuffer bytes) throws IOException;
  }

  /** Hands all that is written to somebody. */
  private record Tap(Taker taker) implements WritableByteChannel {

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      int count = bytes.remaining();
      taker.take(bytes);
      bytes.position(bytes.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
