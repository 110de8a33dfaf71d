package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.lock.DiskFile;
import io.github.qcow4j.qcow2.lock.LockProfile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The repair of one qcow2 image: leaked clusters, reference counts that are too low, refcount
 * blocks and tables that are lost, out of place or overlapping, copied flags, reserved bits,
 * snapshot tables that are too large or incomplete, and the bits that call an image dirty or
 * corrupt (qcow2 specification, "Reference counts", "Cluster mapping" and "Snapshots").
 *
 * <p>A repair never changes what the guest reads: a table that another entry calls guest data, or
 * that makes no sense as one, is left as it is. Where an entry leads nowhere, nothing is put in its
 * place, and as long as there is such an entry, no cluster is given back that nothing seems to
 * refer to: it may be what the entry meant.
 *
 * <p>At every power cut the image is no worse than before: no cluster in use loses a count, no
 * copied flag is set where a cluster is shared, and a refcount structure that is written anew
 * becomes the valid one in a single write. A repair that was cut short can be started again.
 *
 * <p>Memory is that of {@link ImageCheck}. For one thread at a time; it starts two more to read
 * ahead.
 */
public final class ImageRepair implements Closeable {

  private final ImageCheck check;

  private ImageRepair(ImageCheck check) {
    this.check = check;
  }

  /**
   * Opens an image for repair, whether its header calls it dirty, corrupt or sound; on failure
   * nothing stays open. Nothing but the named file is opened, and nobody else may use it meanwhile
   * (with QEMU's write lock).
   *
   * @param volume where the name is looked up
   * @param path a qcow2 image
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the file is no qcow2 image, or
   *     its header or bitmap directory contradicts the format; these cannot be repaired
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when it needs an unknown
   *     feature
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when a limit would be passed
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody else uses it
   * @throws IOException when the storage fails
   */
  public static ImageRepair open(Volume volume, Path path) throws IOException {
    BlockFile file = DiskFile.open(volume, path, OpenOptions.writing());
    ImageCheck check = ImageCheck.load(file, LockProfile.WRITING);
    if (lacksDataFile(check.header())) {
      try (check) {
        throw new CorruptImageException(
            file.path(), "'data-file' is required for this image", "header extensions", -1);
      }
    }
    return new ImageRepair(check);
  }

  /** By a bit that was set by damage, all guest data would seem to be leaked. */
  private static boolean lacksDataFile(Qcow2Header header) {
    return header.has(Feature.EXTERNAL_DATA_FILE) && header.extensions().dataFileName() == null;
  }

  /**
   * Repairs an image that somebody has open for writing already, and keeps it open: what writers do
   * with one whose header calls it dirty.
   *
   * @param file the image, open for writing and locked
   * @param header its header
   * @param findings told of every finding and of every repair
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when something of it could not be
   *     looked at, so that its refcounts are not known to be right
   * @throws IOException when the storage fails
   */
  public static void repairDirty(
      BlockFile file, Qcow2Header header, Consumer<? super CheckFinding> findings)
      throws IOException {
    ImageCheck.repairOpen(file, header, findings);
  }

  /** The image's header, as it was read last. */
  public Qcow2Header header() {
    return check.header();
  }

  /**
   * Repairs the image; all repairs are durable on return. When something was repaired, {@link
   * #check} tells what the image is like now.
   *
   * @param scope how much may be changed
   * @param findings told of every finding as it is met and of every repair as it is decided, in
   *     {@code qemu-img}'s order, on the calling thread
   * @param control follows and stops the job; its unit is one table. A job that was stopped leaves
   *     the image no worse than before
   * @return what was repaired and what was not
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the snapshot table makes no
   *     sense, or with {@link RepairScope#LEAKS} when refcounts would have to be written anew
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the file has too many
   *     clusters, or there is too much to walk or wrong, see {@link ImageCheck#run}; a step that
   *     was durable before stays so
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job was stopped
   * @throws IOException when the storage fails; what was repaired before stays so
   */
  public RepairReport run(
      RepairScope scope, Consumer<? super CheckFinding> findings, JobControl control)
      throws IOException {
    return check.repair(scope, findings, control);
  }

  /** Checks the image, see {@link ImageCheck#run}; nothing is changed. */
  public CheckReport check(Consumer<? super CheckFinding> findings, JobControl control)
      throws IOException {
    return check.run(findings, control);
  }

  /** Closes the image and releases its locks. */
  @Override
  public void close() throws IOException {
    check.close();
  }
}
