package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the header of an image with all that belongs to it: fields, extensions, backing file
 * name. After a power cut the image has the old header or the new one, although both may be longer
 * than the one sector that a disk writes as a whole.
 *
 * <p>The switch is one write of the header cluster's first sector. What the new header has behind
 * it must be on the disk before, in a place that the old one does not use. Where the old one is in
 * the way it is made short first: the names of the feature bits, which serve messages only, are
 * left out, so that its extensions end within the first sector, and its backing file name is moved
 * to the end of the cluster. Each state in between says the same as the old header.
 *
 * <p>What cannot be made short, a long data file name say, or a name that is not UTF-8, stays where
 * it is while the new header is written behind it, reached over an extension that says nothing;
 * then the new one is written once more in its proper place, and switched to. Where the cluster has
 * no room for both, the change is refused: that takes clusters of 2 KiB at most, and long names.
 */
public final class HeaderRewrite {

  /** What disks write as a whole. */
  private static final int SECTOR = FormatLimits.SECTOR_BYTES;

  private static final char NOT_UTF_8 = '\uFFFD';

  private final BlockFile file;
  private final Qcow2Header old;
  private final int clusterSize;
  private final byte[] present;
  private final byte[] target;

  private HeaderRewrite(BlockFile file, Qcow2Header old, byte[] present, byte[] target) {
    this.file = file;
    this.old = old;
    this.clusterSize = old.clusterSize();
    this.present = present;
    this.target = target;
  }

  /**
   * Replaces the header; durable on return. What the new header points to must be durable before.
   *
   * @param file the image, open for writing
   * @param old the header as it stands in the file
   * @param replacement the new one, of the same cluster size; its headerLength and
   *     backingFileOffset are computed anew
   * @throws LimitExceededException when the new header does not fit into a cluster, or not beside
   *     the old one where it has to; nothing is changed then
   * @throws UnsupportedFeatureException when a name in it is not UTF-8, and so cannot be carried
   *     over; nothing is changed then
   */
  public static void replace(BlockFile file, Qcow2Header old, Qcow2Header replacement)
      throws IOException {
    of(file, old, replacement).run();
  }

  /**
   * Refuses what {@link #replace} would refuse; changes nothing.
   *
   * @throws LimitExceededException as {@link #replace} says
   * @throws UnsupportedFeatureException as {@link #replace} says
   */
  public static void requirePossible(BlockFile file, Qcow2Header old, Qcow2Header replacement)
      throws IOException {
    HeaderRewrite rewrite = of(file, old, replacement);
    if (!rewrite.differInOneSector() && rewrite.tailIsInUse() && rewrite.madeShort() == null) {
      rewrite.behindTheOldOne();
    }
  }

  private static HeaderRewrite of(BlockFile file, Qcow2Header old, Qcow2Header replacement)
      throws IOException {
    if (old.clusterBits() != replacement.clusterBits()) {
      throw new IllegalArgumentException("a header cannot change its image's cluster size");
    }
    if (!namesAreUtf8(replacement)) {
      throw new UnsupportedFeatureException(
          file.path(), "The header has a name that is not UTF-8", "names that are not UTF-8");
    }
    byte[] target = HeaderWriter.encode(file.path(), replacement).array();
    byte[] present = new byte[old.clusterSize()];
    file.readPadded(ByteBuffer.wrap(present), 0);
    return new HeaderRewrite(file, old, present, target);
  }

  /** Whether the names, as they were read, can be written as they were. */
  private static boolean namesAreUtf8(Qcow2Header header) {
    HeaderExtensions extensions = header.extensions();
    return isUtf8(header.backingFileName())
        && isUtf8(extensions.dataFileName())
        && isUtf8(extensions.backingFormat());
  }

  private static boolean isUtf8(@Nullable String name) {
    return name == null || name.indexOf(NOT_UTF_8) < 0;
  }

  private void run() throws IOException {
    if (differInOneSector()) {
      write(target, 0, clusterSize);
      return;
    }
    if (tailIsInUse()) {
      byte[] shortened = madeShort();
      if (shortened == null) {
        replaceOverDetour(behindTheOldOne());
        return;
      }
      write(shortened, SECTOR, clusterSize);
      write(shortened, 0, SECTOR);
    }
    // A name that ends behind the first sector has just been moved to the end of the cluster.
    int keptFrom = nameEnd(present) > SECTOR ? nameOffset(present) : clusterSize;
    write(target, SECTOR, keptFrom);
    write(target, 0, SECTOR);
    write(target, keptFrom, clusterSize);
  }

  private boolean differInOneSector() {
    int from = Arrays.mismatch(present, target);
    if (from < 0) {
      return true;
    }
    int nextSector = (from / SECTOR + 1) * SECTOR;
    return Arrays.equals(present, nextSector, clusterSize, target, nextSector, clusterSize);
  }

  /** Whether the header in the file has anything behind the first sector. */
  private boolean tailIsInUse() {
    return endOf(present) > SECTOR;
  }

  /**
   * The header in the file as one whose extensions end within the first sector, and whose backing
   * file name, if it does not, stands at the end of the cluster, out of the way of the new one.
   *
   * @return null when that is impossible
   */
  private byte @Nullable [] madeShort() {
    if (!namesAreUtf8(old)) {
      return null;
    }
    byte[] shortened;
    try {
      shortened = HeaderWriter.encodeWithoutFeatureNames(file.path(), old).array();
    } catch (LimitExceededException e) {
      return null;
    }
    int listEnd = listEnd(shortened);
    if (listEnd > SECTOR) {
      return null;
    }
    int nameLength = nameEnd(present) - nameOffset(present);
    byte[] next = present.clone();
    System.arraycopy(shortened, 0, next, 0, SECTOR);
    if (listEnd + nameLength > SECTOR) {
      int home = (clusterSize - nameLength) & -8;
      if (home < Math.max(endOf(present), endOf(target))) {
        return null;
      }
      System.arraycopy(present, nameOffset(present), next, home, nameLength);
      ByteBuffer.wrap(next).putLong(HeaderField.BACKING_FILE_OFFSET, home);
    }
    return next;
  }

  /**
   * The new header with all that follows its fields moved behind the ends of the old one and of its
   * own proper place, and what lies between passed over.
   */
  private byte[] behindTheOldOne() throws LimitExceededException {
    int listStart = listStart(target);
    int behind = behindBoth();
    int length = endOf(target) - listStart;
    if (listStart + 8 > SECTOR || behind + length > clusterSize) {
      throw new LimitExceededException(
          file.path(),
          "The header's cluster has no room for the new header beside the old one, and a power cut"
              + " could leave neither",
          "header cluster bytes",
          clusterSize);
    }
    byte[] moved = present.clone();
    System.arraycopy(target, 0, moved, 0, listStart);
    System.arraycopy(target, listStart, moved, behind, length);
    ByteBuffer fields = ByteBuffer.wrap(moved);
    fields.putInt(listStart, HeaderExtensions.TYPE_PASSED_OVER);
    fields.putInt(listStart + 4, behind - listStart - 8);
    if (nameOffset(target) > 0) {
      fields.putLong(HeaderField.BACKING_FILE_OFFSET, nameOffset(target) + behind - listStart);
    }
    return moved;
  }

  private int behindBoth() {
    return (Math.max(SECTOR, Math.max(endOf(present), endOf(target))) + 7) & -8;
  }

  private void replaceOverDetour(byte[] moved) throws IOException {
    int behind = behindBoth();
    write(moved, behind, clusterSize);
    write(moved, 0, SECTOR);
    write(target, SECTOR, behind);
    write(target, 0, SECTOR);
    write(target, behind, clusterSize);
  }

  /** Writes what differs in a range, and makes it durable. */
  private void write(byte[] cluster, int from, int to) throws IOException {
    int first = from;
    int end = to;
    while (first < end && cluster[first] == present[first]) {
      first++;
    }
    while (first < end && cluster[end - 1] == present[end - 1]) {
      end--;
    }
    if (first < end) {
      file.write(ByteBuffer.wrap(cluster, first, end - first), first);
      file.sync();
      System.arraycopy(cluster, first, present, first, end - first);
    }
  }

  /** Where all of a header ends; a contrived one has its name among its fields. */
  private int endOf(byte[] cluster) {
    return Math.max(listStart(cluster), Math.max(listEnd(cluster), nameEnd(cluster)));
  }

  private static int nameOffset(byte[] cluster) {
    return (int) ByteBuffer.wrap(cluster).getLong(HeaderField.BACKING_FILE_OFFSET);
  }

  private static int nameEnd(byte[] cluster) {
    int offset = nameOffset(cluster);
    return offset == 0
        ? 0
        : offset + ByteBuffer.wrap(cluster).getInt(HeaderField.BACKING_FILE_SIZE);
  }

  private static int listStart(byte[] cluster) {
    ByteBuffer area = ByteBuffer.wrap(cluster);
    return area.getInt(HeaderField.VERSION) == 2
        ? FormatLimits.VERSION_2_HEADER_BYTES
        : area.getInt(HeaderField.HEADER_LENGTH);
  }

  /** Where the list of extensions ends, its end mark included. */
  private int listEnd(byte[] cluster) {
    ByteBuffer area = ByteBuffer.wrap(cluster);
    int limit = nameOffset(cluster) == 0 ? clusterSize : nameOffset(cluster);
    int position = listStart(cluster);
    while (position <= limit - 8 && area.getInt(position) != HeaderExtensions.TYPE_END) {
      position += 8 + ((area.getInt(position + 4) + 7) & ~7);
    }
    return Math.min(position + 8, limit);
  }
}
