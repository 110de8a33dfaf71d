package io.github.qcow4j.qcow2.checksum;

import io.github.qcow4j.nativeio.AlignedBuffers;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.PieceThreads;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The checksum of a disk: of the bytes a guest sees, from the first to the last. It is the same for
 * every image that shows the same disk, compressed or not, with or without backing files.
 */
public final class ContentChecksum {

  private final DiskImage image;
  private final ContentDigest digest;
  private final JobControl control;

  private ContentChecksum(DiskImage image, ContentDigest digest, JobControl control) {
    this.image = image;
    this.digest = digest;
    this.control = control;
  }

  /**
   * Computes the checksum of a disk. The image must not be written to meanwhile.
   *
   * @param image the disk; left open
   * @param algorithm how
   * @param parallelism how many threads read, and decompress, 1 or more; each holds a buffer of 2
   *     MiB
   * @param control counts bytes of the disk
   * @return the checksum, its most significant byte first
   * @throws ChecksumException when the image cannot be read
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when cancelled or out of time
   */
  public static byte[] run(
      DiskImage image, ChecksumAlgorithm algorithm, int parallelism, JobControl control)
      throws IOException {
    ContentDigest digest = algorithm.newDigest();
    control.expect(image.virtualSize());
    ContentChecksum checksum = new ContentChecksum(image, digest, control);
    PieceThreads.run(new ChecksumPieces(image), checksum::newWorker, parallelism, control);
    return digest.value();
  }

  private PieceThreads.Worker<ChecksumPieces.Piece> newWorker() {
    ByteBuffer buffer = AlignedBuffers.allocate(ChecksumPieces.PIECE_BYTES);
    return (piece, turn) -> {
      if (piece.zeros()) {
        if (turn.await()) {
          digest.appendZeros(piece.lengthBytes(), control);
        }
      } else {
        read(piece, buffer.clear().limit((int) piece.lengthBytes()));
        int ofPart = digest.ofPart(buffer);
        if (turn.await()) {
          digest.append(buffer, ofPart);
        }
      }
      control.advance(piece.lengthBytes());
    };
  }

  private void read(ChecksumPieces.Piece piece, ByteBuffer buffer) throws ChecksumException {
    try {
      image.read(piece.guestOffset(), buffer);
      buffer.flip();
    } catch (IOException e) {
      throw new ChecksumException(piece.guestOffset(), e);
    }
  }
}
