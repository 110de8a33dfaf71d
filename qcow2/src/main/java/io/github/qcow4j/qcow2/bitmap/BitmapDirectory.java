package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads and writes a bitmap directory: entries of varying length, whose number and total length the
 * bitmaps extension states (qcow2 specification, "Bitmaps extension" and "Bitmap directory").
 */
public final class BitmapDirectory {

  private static final int FIXED_BYTES = 24;
  private static final int DIRTY_TRACKING = 1;

  private final BlockFile file;
  private final Qcow2Header header;
  private final ByteBuffer directory;
  private final long directoryOffset;

  private BitmapDirectory(
      BlockFile file, Qcow2Header header, ByteBuffer directory, long directoryOffset) {
    this.file = file;
    this.header = header;
    this.directory = directory;
    this.directoryOffset = directoryOffset;
  }

  /**
   * Reads all entries; an image without bitmaps, or with stale ones, has none.
   *
   * @throws CorruptImageException when the directory does not hold together or leaves the file
   * @throws LimitExceededException when the tables of all bitmaps are too large together
   */
  public static List<Bitmap> read(BlockFile file, Qcow2Header header) throws IOException {
    BitmapsExtension extension = header.extensions().bitmaps();
    if (extension == null) {
      return List.of();
    }
    TableBounds.requireWithinFile(
        file,
        extension.directoryOffset(),
        extension.directoryBytes(),
        header.clusterSize(),
        "bitmap directory");
    ByteBuffer directory = ByteBuffer.allocate((int) extension.directoryBytes());
    file.readPadded(directory, extension.directoryOffset());
    return new BitmapDirectory(file, header, directory.flip(), extension.directoryOffset())
        .readAll(extension.bitmapCount());
  }

  /**
   * The bytes of a directory.
   *
   * @throws UnsupportedFeatureException when a name is not UTF-8, and so cannot be written back as
   *     it was
   */
  public static ByteBuffer encode(Path image, List<Bitmap> bitmaps)
      throws UnsupportedFeatureException {
    int bytes = 0;
    for (Bitmap bitmap : bitmaps) {
      bytes += bitmap.storedBytes();
    }
    ByteBuffer directory = ByteBuffer.allocate(bytes);
    for (Bitmap bitmap : bitmaps) {
      if (bitmap.name().indexOf('\uFFFD') >= 0) {
        throw new UnsupportedFeatureException(
            image, "A bitmap has a name that is not UTF-8", "names that are not UTF-8");
      }
      int end = directory.position() + bitmap.storedBytes();
      byte[] name = bitmap.name().getBytes(StandardCharsets.UTF_8);
      directory.putLong(bitmap.tableOffset()).putInt(bitmap.tableEntries()).putInt(bitmap.flags());
      directory.put((byte) DIRTY_TRACKING).put((byte) bitmap.granularityBits());
      directory.putShort((short) name.length).putInt(0).put(name);
      directory.position(end);
    }
    return directory.flip();
  }

  private List<Bitmap> readAll(int count) throws IOException {
    long tablesBytes = 0;
    List<Bitmap> bitmaps = new ArrayList<>();
    Set<String> names = new HashSet<>();
    while (directory.hasRemaining()) {
      requireRemaining(FIXED_BYTES);
      if (bitmaps.size() == count) {
        throw corrupt("More bitmaps found than specified in header extension");
      }
      Bitmap bitmap = readEntry();
      if (!names.add(bitmap.name())) {
        throw corrupt("Bitmap already exists: " + bitmap.name());
      }
      bitmaps.add(bitmap);
      tablesBytes += Integer.toUnsignedLong(bitmap.tableEntries()) * Long.BYTES;
    }
    requireFew(tablesBytes);
    if (bitmaps.size() != count) {
      throw corrupt("Less bitmaps found than specified in header extension");
    }
    for (Bitmap bitmap : bitmaps) {
      if (!bitmap.inUse() && !coversDisk(bitmap)) {
        throw corrupt("Could not read bitmap '" + bitmap.name() + "' from image: Invalid argument");
      }
    }
    return List.copyOf(bitmaps);
  }

  private void requireFew(long tablesBytes) throws IOException {
    long limit = FormatLimits.MAX_BITMAP_TABLES_BYTES + TableBounds.storageBytes(file);
    if (tablesBytes > limit) {
      throw new LimitExceededException(
          file.path(),
          "Bitmap tables have " + tablesBytes + " bytes together",
          "bytes of bitmap tables",
          limit);
    }
  }

  private Bitmap readEntry() throws CorruptImageException {
    int start = directory.position();
    long tableOffset = directory.getLong();
    int tableEntries = directory.getInt();
    int flags = directory.getInt();
    int type = directory.get() & 0xFF;
    int granularityBits = directory.get() & 0xFF;
    int nameBytes = directory.getShort() & 0xFFFF;
    long extraBytes = Integer.toUnsignedLong(directory.getInt());
    long entryBytes = (FIXED_BYTES + extraBytes + nameBytes + 7) & ~7L;
    if (entryBytes > directory.limit() - start) {
      throw corrupt("Broken bitmap directory");
    }
    if (extraBytes != 0) {
      throw corrupt("Bitmap extra data is not supported");
    }
    byte[] name = new byte[nameBytes];
    directory.get(name);
    directory.position(start + (int) entryBytes);
    Bitmap bitmap =
        new Bitmap(
            new String(name, StandardCharsets.UTF_8),
            tableOffset,
            tableEntries,
            flags,
            granularityBits);
    if (type != DIRTY_TRACKING || nameBytes == 0 || !isSound(bitmap, nameBytes)) {
      throw corrupt("Bitmap '" + bitmap.name() + "' doesn't satisfy the constraints");
    }
    return bitmap;
  }

  private void requireRemaining(int bytes) throws CorruptImageException {
    if (directory.remaining() < bytes) {
      throw corrupt("Broken bitmap directory");
    }
  }

  private boolean isSound(Bitmap bitmap, int nameBytes) {
    long entries = Integer.toUnsignedLong(bitmap.tableEntries());
    boolean tableSound =
        bitmap.tableOffset() > 0
            && (bitmap.tableOffset() & (header.clusterSize() - 1)) == 0
            && entries > 0
            && entries <= FormatLimits.MAX_BITMAP_TABLE_ENTRIES
            && entries * header.clusterSize() <= FormatLimits.MAX_BITMAP_DATA_BYTES;
    boolean fieldsSound =
        nameBytes <= FormatLimits.MAX_BITMAP_NAME_BYTES
            && (bitmap.flags() & ~(Bitmap.FLAG_IN_USE | Bitmap.FLAG_AUTO)) == 0
            && bitmap.granularityBits() >= FormatLimits.MIN_BITMAP_GRANULARITY_BITS
            && bitmap.granularityBits() <= FormatLimits.MAX_BITMAP_GRANULARITY_BITS;
    return tableSound && fieldsSound;
  }

  /** A table has exactly the clusters that the disk's bits need. */
  private boolean coversDisk(Bitmap bitmap) {
    return bitmap.tableEntries()
        == DirtyBits.chunksFor(
            header.virtualSize(), bitmap.granularityBits(), header.clusterSize());
  }

  private CorruptImageException corrupt(String message) {
    return new CorruptImageException(
        file.path(), message, "bitmap directory", directoryOffset + directory.position());
  }
}
