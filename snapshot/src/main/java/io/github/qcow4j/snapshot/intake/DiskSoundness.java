package io.github.qcow4j.snapshot.intake;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.verify.Concern;
import io.github.qcow4j.qcow2.verify.ImageVerification;
import io.github.qcow4j.qcow2.verify.VerificationOptions;
import io.github.qcow4j.qcow2.verify.VerificationReport;
import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import io.github.qcow4j.snapshot.transfer.RefusedTransferException;
import io.github.qcow4j.snapshot.transfer.TransferException;
import io.github.qcow4j.snapshot.transfer.TransferLimitException;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The look at a staged disk. What speaks against it becomes the exception of its kind, the gravest
 * first: other files it names, then sizes, then what is not known, then damage.
 *
 * <p>BoxLite's own flattening sets no copied flags. That is no damage, but a check of the disk
 * calls each a corruption ever after, so they are set here, while the file is nobody's yet.
 */
public final class DiskSoundness {

  private DiskSoundness() {}

  /**
   * Requires a sound qcow2 image, and sets the copied flags that it lacks; that is durable on
   * return.
   *
   * @param name what it is called, for messages
   * @param maxVirtualSize the largest disk to accept, in bytes
   * @param mayHaveBacking whether it may name a backing file
   * @return the size of its disk in bytes
   * @throws RefusedTransferException when it names another file
   * @throws TransferLimitException when its disk, or a table, is too large
   * @throws UnsupportedTransferException when it needs what is not known, or is encrypted
   * @throws DamagedTransferException when it is no qcow2 image, or a check finds corruption
   * @throws IOException when it cannot be read; nothing is concluded from that
   */
  public static long require(
      Volume volume,
      Path path,
      String name,
      long maxVirtualSize,
      boolean mayHaveBacking,
      JobControl control)
      throws IOException {
    VerificationReport report =
        ImageVerification.run(
            volume,
            path,
            new VerificationOptions(ImageFormat.QCOW2, maxVirtualSize, false),
            control);
    Concern gravest = null;
    int gravestRank = Integer.MAX_VALUE;
    for (Concern concern : report.concerns()) {
      boolean allowed = mayHaveBacking && concern.reason() == Concern.Reason.BACKING_FILE;
      int rank = rank(concern.reason());
      if (!allowed && rank < gravestRank) {
        gravest = concern;
        gravestRank = rank;
      }
    }
    if (gravest != null) {
      throw failure(name, gravest, maxVirtualSize);
    }
    if (report.missingCopiedFlags() > 0) {
      setCopiedFlags(volume, path, control);
    }
    return report.virtualSize();
  }

  /** Flags follow where nothing is wrong but leaks, which is known by now. */
  private static void setCopiedFlags(Volume volume, Path path, JobControl control)
      throws IOException {
    try (ImageRepair repair = ImageRepair.open(volume, path)) {
      repair.run(RepairScope.LEAKS, finding -> {}, control);
    }
  }

  private static int rank(Concern.Reason reason) {
    return switch (reason) {
      case FORMAT_MISMATCH, FOREIGN_FORMAT -> 0;
      case BACKING_FILE, DATA_FILE -> 1;
      case VIRTUAL_SIZE, LIMIT_EXCEEDED -> 2;
      case UNKNOWN_FEATURES, ENCRYPTED -> 3;
      case MALFORMED_HEADER,
          MALFORMED_EXTENSION,
          MALFORMED_SNAPSHOTS,
          MALFORMED_BITMAPS,
          MARKED_CORRUPT,
          TABLE_PAST_END,
          DATA_PAST_END,
          OVERLAP,
          CORRUPT_METADATA ->
          4;
    };
  }

  private static TransferException failure(String name, Concern concern, long maxVirtualSize) {
    String disk = "Disk '" + PlainName.shown(name) + "' ";
    String detail = PlainName.shown(concern.detail());
    return switch (rank(concern.reason())) {
      case 0 -> new DamagedTransferException(disk + "is not a qcow2 image: " + detail);
      case 1 -> new RefusedTransferException(disk + detail + ", which is not allowed here");
      case 2 -> new TransferLimitException(disk + "is too large: " + detail, maxVirtualSize);
      case 3 -> new UnsupportedTransferException(disk + "cannot be used: " + detail);
      default ->
          new DamagedTransferException(
              disk + "is damaged (" + concern.reason().label() + "): " + detail);
    };
  }
}
