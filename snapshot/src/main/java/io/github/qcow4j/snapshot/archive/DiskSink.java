package io.github.qcow4j.snapshot.archive;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.measure.ImageMeasure;
import io.github.qcow4j.qcow2.measure.MeasureTarget;
import io.github.qcow4j.snapshot.intake.HoleyWriter;
import io.github.qcow4j.snapshot.tar.MemberSink;
import io.github.qcow4j.snapshot.tar.TarMember;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.Sha256;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Takes a disk out of an archive into a new file, and digests it. The beginning of the disk, its
 * header, says how long a qcow2 file of its kind can be; a member that is longer is refused before
 * more of it is read. For one thread.
 */
final class DiskSink implements MemberSink {

  private static final int MAGIC = 0x514649FB;
  private static final int HEADER_BYTES = FormatLimits.VERSION_3_MIN_HEADER_BYTES;

  /** Tables a little larger than they need be, clusters that leaked. */
  private static final long SLACK_BYTES = 8L << 20;

  private final TarMember member;
  private final long maxVirtualSize;
  private final JobControl control;
  private final HoleyWriter writer;
  private final Sha256 digest = new Sha256();
  private long virtualSize = -1;

  DiskSink(TarMember member, BlockFile file, long maxVirtualSize, JobControl control) {
    this.member = member;
    this.maxVirtualSize = maxVirtualSize;
    this.control = control;
    this.writer = new HoleyWriter(file);
  }

  /** The disk's size as its header says. */
  long virtualSize() {
    return virtualSize;
  }

  @Override
  public void data(ByteBuffer bytes) throws IOException {
    if (virtualSize < 0) {
      lookAtHeader(bytes);
    }
    control.checkpoint();
    digest.add(bytes);
    writer.write(bytes);
  }

  @Override
  public void hole(long lengthBytes) throws IOException {
    if (virtualSize < 0) {
      throw notQcow2();
    }
    for (long left = lengthBytes; left > 0; left -= Math.min(left, SLACK_BYTES)) {
      control.checkpoint();
      digest.addZeros(Math.min(left, SLACK_BYTES));
    }
    writer.skip(lengthBytes);
  }

  /** The file's digest, when all of it was taken. */
  String finish() throws IOException {
    if (virtualSize < 0) {
      throw notQcow2();
    }
    writer.finish();
    return digest.text();
  }

  private DamagedTransferException notQcow2() {
    return new DamagedTransferException("Disk '" + member.name() + "' is not a qcow2 image");
  }

  private void lookAtHeader(ByteBuffer bytes) throws TransferException {
    if (bytes.remaining() < HEADER_BYTES) {
      throw notQcow2();
    }
    ByteBuffer start = bytes.slice(bytes.position(), HEADER_BYTES);
    int version = start.getInt(HeaderField.VERSION);
    int clusterBits = start.getInt(HeaderField.CLUSTER_BITS);
    if (start.getInt(HeaderField.MAGIC) != MAGIC
        || (version != 2 && version != 3)
        || clusterBits < FormatLimits.MIN_CLUSTER_BITS
        || clusterBits > FormatLimits.MAX_CLUSTER_BITS) {
      throw notQcow2();
    }
    long features = version == 2 ? 0 : start.getLong(HeaderField.INCOMPATIBLE_FEATURES);
    if (start.getLong(HeaderField.BACKING_FILE_OFFSET) != 0) {
      throw refused("names a backing file");
    } else if ((features & Feature.EXTERNAL_DATA_FILE.mask()) != 0) {
      throw refused("keeps its data in another file");
    }
    long size = start.getLong(HeaderField.SIZE);
    if (size < 0 || size > maxVirtualSize) {
      throw new TransferLimitException(
          "Disk '%s' has %s bytes, allowed are %d; --max-size allows more"
              .formatted(member.name(), Long.toUnsignedString(size), maxVirtualSize),
          maxVirtualSize);
    }
    boolean extendedL2 = (features & Feature.EXTENDED_L2.mask()) != 0;
    requireLength(size, clusterBits, extendedL2);
    virtualSize = size;
  }

  private RefusedTransferException refused(String what) {
    return new RefusedTransferException(
        "Disk '" + member.name() + "' " + what + ", which is not allowed in an archive");
  }

  private void requireLength(long size, int clusterBits, boolean extendedL2)
      throws TransferException {
    boolean wide = extendedL2 && clusterBits >= FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS;
    MeasureTarget widest =
        new MeasureTarget.Qcow2(
            3, clusterBits, FormatLimits.MAX_REFCOUNT_ORDER, wide, Preallocation.OFF, false);
    try {
      long most = ImageMeasure.ofSize(size, widest).fullyAllocatedBytes() + SLACK_BYTES;
      if (member.sizeBytes() > most) {
        throw new TransferLimitException(
            "Disk '%s' is a file of %d bytes, a qcow2 file of its disk has at most %d"
                .formatted(member.name(), member.sizeBytes(), most),
            most);
      }
    } catch (LimitExceededException e) {
      throw new TransferLimitException(
          "Disk '" + member.name() + "' is too large for its clusters", e.limit());
    }
  }
}
