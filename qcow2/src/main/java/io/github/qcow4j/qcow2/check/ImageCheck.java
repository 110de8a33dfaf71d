package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapDirectory;
import io.github.qcow4j.qcow2.bitmap.BitmapTable;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownAutoclear;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.lock.DiskFile;
import io.github.qcow4j.qcow2.lock.ImageLock;
import io.github.qcow4j.qcow2.lock.LockProfile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * The check of one qcow2 image. Opening it and checking it are two steps, so that an image that
 * cannot be opened is told from one whose check did not come to its end.
 *
 * <p>Also opens what nothing else does: images whose refcount table is gone, or whose snapshot
 * table makes no sense. Encrypted images need no key.
 *
 * <p>Memory follows the image's used part: two bits for each host cluster in use once, more where
 * clusters are shared, and the tables of at most a few megabytes that are being looked at. For one
 * thread at a time; it starts two more to read ahead.
 */
public final class ImageCheck implements Closeable {

  /** More clusters than this are not counted: they would not fit QEMU's counters either. */
  public static final long MAX_CLUSTERS = Integer.MAX_VALUE;

  private final BlockFile file;
  private Qcow2Header header;
  private final List<Bitmap> bitmaps;

  private ImageCheck(BlockFile file, Qcow2Header header, List<Bitmap> bitmaps) {
    this.file = file;
    this.header = header;
    this.bitmaps = bitmaps;
  }

  /**
   * Opens an image for checking, and keeps writers out meanwhile; on failure nothing stays open.
   * Nothing but the named file is opened.
   *
   * @param volume where the name is looked up
   * @param path a qcow2 image
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the file is no qcow2 image, or
   *     its header or bitmap directory contradicts the format
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when it needs an unknown
   *     feature
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when a limit would be passed
   * @throws io.github.qcow4j.qcow2.error.ImageInUseException when somebody writes to it
   * @throws IOException when the storage fails
   */
  public static ImageCheck open(Volume volume, Path path) throws IOException {
    return load(DiskFile.open(volume, path, OpenOptions.reading()), LockProfile.READING);
  }

  /**
   * The same for an image that somebody may be writing to ({@code --force-share}): a check may then
   * find things that are not so.
   */
  public static ImageCheck openBesideWriters(Volume volume, Path path) throws IOException {
    return load(DiskFile.open(volume, path, OpenOptions.reading()), LockProfile.READING_SHARED);
  }

  /** Makes a check of an open file, which is closed when that fails. */
  static ImageCheck load(BlockFile file, LockProfile profile) throws IOException {
    try {
      ImageLock.acquire(file, profile);
      Qcow2Header header = HeaderParser.parse(file, true);
      requireReachable(
          file,
          "L1 table",
          header.l1TableOffset(),
          Integer.toUnsignedLong(header.l1Entries()) * Long.BYTES);
      List<Bitmap> bitmaps = BitmapDirectory.read(file, header);
      for (Bitmap bitmap : bitmaps) {
        if (!bitmap.inUse()) {
          var _ = BitmapTable.load(file, header, bitmap);
        }
      }
      return new ImageCheck(file, header, bitmaps);
    } catch (IOException | RuntimeException e) {
      try {
        file.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static void requireReachable(BlockFile file, String name, long hostOffset, long bytes)
      throws CorruptImageException {
    if (!TableEntries.isReachable(hostOffset, bytes)) {
      throw new CorruptImageException(
          file.path(), "Could not read " + name + ": Input/output error", name, hostOffset);
    }
  }

  /** The image's header. */
  public Qcow2Header header() {
    return header;
  }

  /**
   * Checks the image. Nothing is changed.
   *
   * @param findings told of every finding as it is met, in {@code qemu-img}'s order, on the calling
   *     thread; there can be very many, see {@link FindingLog}
   * @param control follows and stops the job; its unit is one table
   * @return what was found, in numbers
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the file has more than {@link
   *     #MAX_CLUSTERS} clusters, the snapshot table or one of its entries is too large, or tables
   *     are named so often that there is too much to walk for the storage that the file takes, or
   *     more is wrong than it could hold
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the snapshot table, or the
   *     table of a bitmap that is marked as in use, makes no sense
   * @throws io.github.qcow4j.qcow2.job.JobCancelledException when the job was stopped
   * @throws IOException when a table cannot be read; nothing is concluded from that. Refcount
   *     blocks are the exception: those that cannot be read are findings
   */
  public CheckReport run(Consumer<? super CheckFinding> findings, JobControl control)
      throws IOException {
    return check(findings, control, false);
  }

  /**
   * Checks the image as {@link #run} does, and also tells of every {@link RefcountFinding.Overlap}
   * and {@link MappingFinding.CompressedPastEnd}: for images of unknown origin, in which counts may
   * be right for what should not be.
   *
   * @throws IOException also when a refcount block cannot be read: what is not known for certain
   *     speaks neither for nor against such an image
   */
  public CheckReport inspect(Consumer<? super CheckFinding> findings, JobControl control)
      throws IOException {
    return check(findings, control, true);
  }

  private CheckReport check(
      Consumer<? super CheckFinding> findings, JobControl control, boolean inspecting)
      throws IOException {
    CheckTally tally = new CheckTally(findings);
    SnapshotAudit snapshots = new SnapshotAudit(file, header, tally);
    snapshots.readTable();
    requireCountable(file, header);
    try (CheckRun run = new CheckRun(file, header, tally, control, null)) {
      CheckReport report = run.check(snapshots, bitmaps, inspecting);
      if (inspecting) {
        requireNoFailure(tally);
      }
      return report;
    } catch (EndedByLimit e) {
      if (inspecting) {
        requireNoFailure(tally);
      }
      throw e.limit();
    }
  }

  private static void requireNoFailure(CheckTally tally) throws IOException {
    IOException failure = tally.storageFailure();
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * Repairs the image, which was opened for that.
   *
   * @param findings told of every finding and of every repair
   */
  RepairReport repair(
      RepairScope scope, Consumer<? super CheckFinding> findings, JobControl control)
      throws IOException {
    CheckTally tally = new CheckTally(findings);
    header = UnknownAutoclear.clear(file, header);
    try {
      return new RepairRun(file, header, scope, tally, control).run(bitmaps);
    } finally {
      header = HeaderParser.parse(file, true);
    }
  }

  /** Repairs a dirty image that is open and locked already, and leaves it open. */
  static void repairOpen(
      BlockFile file, Qcow2Header header, Consumer<? super CheckFinding> findings)
      throws IOException {
    Qcow2Header marked = UnknownAutoclear.clear(file, header);
    List<Bitmap> bitmaps = BitmapDirectory.read(file, marked);
    CheckTally tally = new CheckTally(findings);
    new RepairRun(file, marked, RepairScope.ALL, tally, new JobControl()).run(bitmaps);
    if (tally.checkErrors() > 0) {
      requireNoFailure(tally);
      throw new CorruptImageException(
          file.path(),
          "Could not repair dirty image",
          "refcount structure",
          header.refcountTableOffset());
    }
  }

  static void requireCountable(BlockFile file, Qcow2Header header) throws IOException {
    if (References.clustersIn(file.size(), header.clusterBits()) > MAX_CLUSTERS) {
      throw new LimitExceededException(
          file.path(), "File too large", "clusters in the file", MAX_CLUSTERS);
    }
  }

  /** Closes the image and releases its locks. */
  @Override
  public void close() throws IOException {
    file.close();
  }
}
