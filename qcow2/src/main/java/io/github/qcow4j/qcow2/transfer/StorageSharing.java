package io.github.qcow4j.qcow2.transfer;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.Extent;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Brings plain data of one disk to another by sharing its storage, where the file system can
 * ({@code ioctl_ficlone(2)}); says what must be copied instead. Whether it can is found out by
 * trying. Safe for many threads.
 */
public final class StorageSharing {

  private final List<DiskImage> layers;
  private final DiskImage target;
  private final int unitBytes;
  private final Set<BlockFile> refusing = ConcurrentHashMap.newKeySet();
  private final LongAdder sharedBytes = new LongAdder();
  private final LongAdder copiedBytes = new LongAdder();
  private volatile boolean hopeless;

  /**
   * Sharing between two disks, at the same guest offsets.
   *
   * @param source the disk that is read, through all its layers
   * @param target the disk that is written
   * @param wanted whether sharing will do; if not, everything is to be copied
   */
  public StorageSharing(DiskImage source, DiskImage target, boolean wanted) {
    this.layers = source.layers();
    this.target = target;
    this.unitBytes = wanted ? target.shareUnitBytes() : 0;
    this.hopeless = unitBytes == 0;
  }

  /**
   * What became of the beginning of a range.
   *
   * @param shared whether the target has it now; else it is to be copied
   * @param lengthBytes how many bytes, at least 1
   */
  public record Part(boolean shared, int lengthBytes) {}

  /**
   * Shares the beginning of a range, or tells how much of it is to be copied.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length, at least 1
   */
  public Part next(long guestOffset, int lengthBytes) throws IOException {
    if (hopeless) {
      return copy(lengthBytes);
    }
    long toUnit = -guestOffset & (unitBytes - 1);
    if (toUnit > 0) {
      return copy((int) Math.min(lengthBytes, toUnit));
    }
    if (lengthBytes < unitBytes) {
      return copy(lengthBytes);
    }
    Extent extent = layers.getFirst().extentAt(guestOffset, lengthBytes);
    long extentBytes = Math.min(lengthBytes, extent.lengthBytes());
    int shared = extent.kind() == Extent.Kind.DATA ? share(extent, extentBytes) : 0;
    if (shared > 0) {
      sharedBytes.add(shared);
      return new Part(true, shared);
    }
    // Whole units, so that the next trial begins at one.
    long units = (extentBytes + unitBytes - 1) & -(long) unitBytes;
    return copy(hopeless ? lengthBytes : (int) Math.min(lengthBytes, units));
  }

  /** Whether sharing may still be possible; once it is not, it never is again. */
  public boolean isPossible() {
    return !hopeless;
  }

  private Part copy(int lengthBytes) {
    copiedBytes.add(lengthBytes);
    return new Part(false, lengthBytes);
  }

  private int share(Extent extent, long extentBytes) throws IOException {
    BlockFile file = layers.get(extent.depth()).dataFile();
    if (refusing.contains(file)) {
      return 0;
    }
    long inFile = Math.min(extentBytes, file.size() - extent.hostOffset());
    long wanted = inFile & -(long) unitBytes;
    if (wanted <= 0) {
      return 0;
    }
    long shared = target.share(extent.guestOffset(), file, extent.hostOffset(), wanted);
    if (shared < wanted) {
      refusing.add(file);
      // Of a whole chain one layer is mostly like the others: the rest is copied in large pieces.
      hopeless = shared == 0 && sharedBytes.sum() == 0;
    }
    return (int) shared;
  }

  /** How the bytes came that this was asked about, those to be copied taken for copied. */
  public CopyResult result() {
    return new CopyResult(sharedBytes.sum(), 0, copiedBytes.sum());
  }
}
