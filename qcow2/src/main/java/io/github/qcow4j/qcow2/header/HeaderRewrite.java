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
 * <p>Only contrived images cannot be made short, those with long unknown extensions or names; their
 * header is replaced by one write that a power cut may tear.
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
   * @throws LimitExceededException when the new header does not fit into a cluster; nothing is
   *     changed then
   * @throws UnsupportedFeatureException when a name in it is not UTF-8, and so cannot be carried
   *     over; nothing is changed then
   */
  public static void replace(BlockFile file, Qcow2Header old, Qcow2Header replacement)
      throws IOException {
    if (old.clusterBits() != replacement.clusterBits()) {
      throw new IllegalArgumentException("a header cannot change its image's cluster size");
    }
    requireUtf8(file, replacement.backingFileName());
    requireUtf8(file, replacement.extensions().dataFileName());
    requireUtf8(file, replacement.extensions().backingFormat());
    byte[] target = HeaderWriter.encode(file.path(), replacement).array();
    byte[] present = new byte[old.clusterSize()];
    file.readPadded(ByteBuffer.wrap(present), 0);
    new HeaderRewrite(file, old, present, target).run();
  }

  private static void requireUtf8(BlockFile file, @Nullable String name)
      throws UnsupportedFeatureException {
    if (name != null && name.indexOf(NOT_UTF_8) >= 0) {
      throw new UnsupportedFeatureException(
          file.path(), "The header has a name that is not UTF-8", "names that are not UTF-8");
    }
  }

  private void run() throws IOException {
    if (differInOneSector()) {
      write(target, 0, clusterSize);
      return;
    }
    int end = Math.max(endOf(present), endOf(target));
    if (tailIsInUse() && !makeShort(end)) {
      write(target, 0, clusterSize);
      return;
    }
    int keptFrom = nameOffset(present) >= SECTOR ? nameOffset(present) : clusterSize;
    write(target, SECTOR, keptFrom);
    write(target, 0, SECTOR);
    if (keptFrom < clusterSize) {
      write(target, keptFrom, clusterSize);
    }
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
    return listEnd(present) > SECTOR || nameEnd(present) > SECTOR;
  }

  /**
   * Makes the header in the file one whose extensions end within the first sector, and whose
   * backing file name, if it does not, stands at the end of the cluster.
   *
   * @param end where the old and the new header end
   * @return false when that is impossible
   */
  private boolean makeShort(int end) throws IOException {
    byte[] shortened;
    try {
      shortened = HeaderWriter.encodeWithoutFeatureNames(file.path(), old).array();
    } catch (LimitExceededException e) {
      return false;
    }
    int listEnd = listEnd(shortened);
    int nameLength = nameEnd(present) - nameOffset(present);
    byte[] next = present.clone();
    System.arraycopy(shortened, 0, next, 0, Math.min(SECTOR, clusterSize));
    if (listEnd > SECTOR) {
      return false;
    }
    if (nameLength > 0 && listEnd + nameLength > SECTOR) {
      int home = (clusterSize - nameLength) & -8;
      if (home < end) {
        return false;
      }
      System.arraycopy(present, nameOffset(present), next, home, nameLength);
      write(next, home, clusterSize);
      ByteBuffer.wrap(next).putLong(HeaderField.BACKING_FILE_OFFSET, home);
      Arrays.fill(next, listEnd, SECTOR, (byte) 0);
    }
    write(next, 0, SECTOR);
    return true;
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

  private int endOf(byte[] cluster) {
    return Math.max(listEnd(cluster), nameEnd(cluster));
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

  /** Where the list of extensions ends, its end mark included. */
  private int listEnd(byte[] cluster) {
    ByteBuffer area = ByteBuffer.wrap(cluster);
    int limit = nameOffset(cluster) == 0 ? clusterSize : nameOffset(cluster);
    int position =
        area.getInt(HeaderField.VERSION) == 2
            ? FormatLimits.VERSION_2_HEADER_BYTES
            : area.getInt(HeaderField.HEADER_LENGTH);
    while (position <= limit - 8 && area.getInt(position) != HeaderExtensions.TYPE_END) {
      position += 8 + ((area.getInt(position + 4) + 7) & ~7);
    }
    return Math.min(position + 8, limit);
  }
}
