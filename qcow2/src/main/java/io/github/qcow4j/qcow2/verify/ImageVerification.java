package io.github.qcow4j.qcow2.verify;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.header.ForeignFormat;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.verify.Concern.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Tells what speaks against using an image of unknown origin.
 *
 * <p>What it looks for is what such images did harm with: other files that they name (backing file,
 * data file), content of another format than was said, features that a program would have to guess
 * at, sizes that fill disks or memory, tables that lead out of the file or over each other.
 * Extended L2 entries, compression of either kind, internal snapshots and sound bitmaps are no
 * reason to refuse an image, and neither are leaked clusters, the dirty bit, or copied flags that
 * are clear and could be set: writers other than QEMU leave them so, and nothing is read wrongly.
 *
 * <p>Opens nothing but the named file. Memory is that of a check, see {@link
 * io.github.qcow4j.qcow2.check.ImageCheck}; a hostile image can make it last long, which a deadline
 * of the job's control ends.
 */
public final class ImageVerification {

  /** So many concerns of one kind are listed; the others are counted. */
  public static final int MAX_CONCERNS = 16;

  private ImageVerification() {}

  /**
   * Looks at an image. Nothing is changed.
   *
   * @param volume where the name is looked up
   * @param path the image
   * @param options what is expected
   * @param control follows and stops the job; its unit is one table
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody writes to it
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job was stopped
   * @throws IOException when the storage fails; nothing is concluded from that
   */
  public static VerificationReport run(
      Volume volume, Path path, VerificationOptions options, JobControl control)
      throws IOException {
    ConcernList concerns = new ConcernList();
    ImageFormat content = DiskImages.probeFormat(volume, path);
    ImageFormat declared = options.declaredFormat();
    if (declared != null && declared != content) {
      concerns.add(
          Reason.FORMAT_MISMATCH,
          "said to be " + declared.label() + ", begins like " + content.label());
    }
    long virtualSize =
        switch (content) {
          case QCOW2 -> new Qcow2Verification(volume, path, options, control, concerns).run();
          case RAW -> verifyRaw(volume, path, concerns);
        };
    if (virtualSize > options.maxVirtualSize()) {
      concerns.add(
          Reason.VIRTUAL_SIZE,
          virtualSize + " bytes, accepted are " + options.maxVirtualSize() + " bytes");
    }
    return new VerificationReport(
        content, virtualSize, concerns.all(), concerns.unlisted(), concerns.missingCopiedFlags());
  }

  private static long verifyRaw(Volume volume, Path path, ConcernList concerns) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      ByteBuffer start = ByteBuffer.allocate(ForeignFormat.START_BYTES);
      file.read(start, 0);
      Optional<ForeignFormat> foreign = ForeignFormat.of(start.flip());
      foreign.ifPresent(format ->
          concerns.add(Reason.FOREIGN_FORMAT, "begins like a " + format.title() + " image"));
      return file.size();
    }
  }
}
