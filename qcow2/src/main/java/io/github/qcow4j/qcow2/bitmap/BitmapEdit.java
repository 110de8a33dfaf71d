package io.github.qcow4j.qcow2.bitmap;

import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The bitmaps of an image while they are changed, in memory: what the new directory will have. Bits
 * are loaded only where a change needs them. Used once, by one thread.
 */
public final class BitmapEdit {

  private static final int VERSION_WITH_BITMAPS = 3;

  private final BitmapSource image;
  private final List<Entry> entries = new ArrayList<>();

  /** Where each is, so that changing thousands does not look through all of them for each. */
  private final Map<String, Integer> indexes = new HashMap<>();

  /** The bitmaps of other images by their names, for the same reason. */
  private final IdentityHashMap<BitmapSource, Map<String, Bitmap>> sources =
      new IdentityHashMap<>();

  /**
   * A bitmap as it will be.
   *
   * @param bitmap its directory entry, the place of its table that of the stored one if any
   * @param bits its bits, or null when they are as they are stored
   */
  public record Entry(Bitmap bitmap, @Nullable DirtyBits bits) {}

  /** Begins with the bitmaps as they are stored. */
  public BitmapEdit(BitmapSource image) {
    this.image = image;
    for (Bitmap bitmap : image.bitmaps()) {
      append(new Entry(bitmap, null));
    }
  }

  private void append(Entry entry) {
    indexes.putIfAbsent(entry.bitmap().name(), entries.size());
    entries.add(entry);
  }

  /** The bitmaps as they will be, in the order of the new directory. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /**
   * Makes one change.
   *
   * @throws BitmapChangeException when it makes no sense; nothing is changed then
   */
  public void apply(BitmapChange change) throws IOException {
    switch (change) {
      case BitmapChange.Add add -> add(add);
      case BitmapChange.Remove remove -> remove(find(remove));
      case BitmapChange.Clear clear -> {
        int index = findSound(clear);
        entries.set(index, cleared(entries.get(index).bitmap()));
      }
      case BitmapChange.Enable enable -> setFlags(findSound(enable), Bitmap.FLAG_AUTO);
      case BitmapChange.Disable disable -> setFlags(findSound(disable), 0);
      case BitmapChange.Merge merge -> merge(merge);
    }
  }

  private void remove(int index) {
    List<Entry> behind = List.copyOf(entries.subList(index + 1, entries.size()));
    entries.subList(index, entries.size()).clear();
    indexes.values().removeIf(each -> each >= index);
    behind.forEach(this::append);
  }

  private void setFlags(int index, int flags) {
    Entry entry = entries.get(index);
    entries.set(index, new Entry(entry.bitmap().withFlags(flags), entry.bits()));
  }

  private Entry cleared(Bitmap bitmap) {
    return new Entry(bitmap, noBits(bitmap.granularityBits()));
  }

  private DirtyBits noBits(int granularityBits) {
    Qcow2Header header = image.header();
    return new DirtyBits(header.virtualSize(), granularityBits, header.clusterSize());
  }

  private void add(BitmapChange.Add add) throws BitmapChangeException {
    if (add.bitmap().isEmpty()) {
      throw refused(add, "Bitmap name cannot be empty");
    }
    long granularity = add.granularityBytes() == 0 ? defaultGranularity() : add.granularityBytes();
    if (granularity < FormatLimits.SECTOR_BYTES
        || Long.bitCount(granularity) != 1
        || granularity > 1L << FormatLimits.MAX_BITMAP_GRANULARITY_BITS) {
      throw refused(add, "Granularity must be power of 2 and at least 512");
    }
    int granularityBits = Long.numberOfTrailingZeros(granularity);
    requireStorable(add, granularityBits);
    if (indexOf(add.bitmap()) >= 0) {
      throw refused(add, "Bitmap already exists: " + add.bitmap());
    }
    append(
        new Entry(
            new Bitmap(add.bitmap(), 0, 0, Bitmap.FLAG_AUTO, granularityBits),
            noBits(granularityBits)));
  }

  private long defaultGranularity() {
    return Math.clamp(image.header().clusterSize(), 4096, 65536);
  }

  private void requireStorable(BitmapChange.Add add, int granularityBits)
      throws BitmapChangeException {
    Qcow2Header header = image.header();
    if (header.version() < VERSION_WITH_BITMAPS) {
      throw cannotStore(add, "Cannot store dirty bitmaps in qcow2 v2 files");
    }
    if (add.bitmap().getBytes(StandardCharsets.UTF_8).length > FormatLimits.MAX_BITMAP_NAME_BYTES) {
      throw cannotStore(
          add,
          "Name length exceeds maximum (" + FormatLimits.MAX_BITMAP_NAME_BYTES + " characters)");
    }
    if (header.virtualSize() == 0) {
      // Its table would have no entries, which the format does not allow.
      throw cannotStore(add, "The disk has no bytes");
    }
    long chunks = DirtyBits.chunksFor(header.virtualSize(), granularityBits, header.clusterSize());
    if (chunks > FormatLimits.MAX_BITMAP_TABLE_ENTRIES
        || chunks * header.clusterSize() > FormatLimits.MAX_BITMAP_DATA_BYTES) {
      throw cannotStore(
          add, "Too much space will be occupied by the bitmap. Use larger granularity");
    }
    if (entries.size() >= FormatLimits.MAX_BITMAPS) {
      throw cannotStore(add, "Maximum number of persistent bitmaps is already reached");
    }
  }

  private BitmapChangeException cannotStore(BitmapChange.Add add, String reason) {
    return refused(
        add,
        "Can't make bitmap '"
            + add.bitmap()
            + "' persistent in '"
            + image.file().path()
            + "': "
            + reason);
  }

  private void merge(BitmapChange.Merge merge) throws IOException {
    int index = find(merge);
    Entry source = findSource(merge);
    Entry entry = entries.get(index);
    requireSound(merge, entry.bitmap());
    requireSound(merge, source.bitmap());
    DirtyBits own = bitsOf(entry, image);
    DirtyBits other = bitsOf(source, merge.from() == null ? image : merge.from());
    if (own.sizeBytes() != other.sizeBytes()) {
      throw refused(
          merge,
          "Bitmaps are of different sizes (destination size is "
              + own.sizeBytes()
              + ", source size is "
              + other.sizeBytes()
              + ") and can't be merged");
    }
    own.addAll(other);
    entries.set(index, new Entry(entry.bitmap(), own));
  }

  private Entry findSource(BitmapChange.Merge merge) throws BitmapChangeException {
    BitmapSource from = merge.from();
    if (from == null) {
      int index = indexOf(merge.source());
      if (index >= 0) {
        return entries.get(index);
      }
    } else {
      Bitmap bitmap = sources.computeIfAbsent(from, BitmapEdit::byName).get(merge.source());
      if (bitmap != null) {
        return new Entry(bitmap, null);
      }
    }
    throw notFound(merge, merge.source());
  }

  private static Map<String, Bitmap> byName(BitmapSource source) {
    Map<String, Bitmap> bitmaps = new HashMap<>();
    for (Bitmap bitmap : source.bitmaps()) {
      bitmaps.putIfAbsent(bitmap.name(), bitmap);
    }
    return bitmaps;
  }

  private static DirtyBits bitsOf(Entry entry, BitmapSource where) throws IOException {
    DirtyBits bits = entry.bits();
    return bits == null ? BitmapData.load(where.file(), where.header(), entry.bitmap()) : bits;
  }

  private int findSound(BitmapChange change) throws BitmapChangeException {
    int index = find(change);
    requireSound(change, entries.get(index).bitmap());
    return index;
  }

  private int find(BitmapChange change) throws BitmapChangeException {
    int index = indexOf(change.bitmap());
    if (index < 0) {
      throw notFound(change, change.bitmap());
    }
    return index;
  }

  private int indexOf(String name) {
    return indexes.getOrDefault(name, -1);
  }

  private static void requireSound(BitmapChange change, Bitmap bitmap)
      throws BitmapChangeException {
    if (bitmap.inUse()) {
      throw new BitmapChangeException(
          change, "Bitmap '" + bitmap.name() + "' is inconsistent and cannot be used", true);
    }
  }

  private static BitmapChangeException notFound(BitmapChange change, String name) {
    return refused(change, "Dirty bitmap '" + name + "' not found");
  }

  private static BitmapChangeException refused(BitmapChange change, String message) {
    return new BitmapChangeException(change, message, false);
  }
}
