package io.github.qcow4j.qcow2.testing;

import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Edits the structures of a qcow2 file by name, to damage it on purpose or to make what QEMU does
 * not write.
 *
 * <p>Its arithmetic is its own, written from the specification, and it checks nothing: fields are
 * read again for every call, so that an edited field counts from then on. Refcounts never follow an
 * edit by themselves. Not for use by several threads.
 */
public final class ImageSurgeon implements AutoCloseable {

  /** Bits 9 to 55 of an L1 or standard L2 entry. */
  public static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;

  /** Bit 63 of an L1 or standard L2 entry. */
  public static final long COPIED = 1L << 63;

  /** Bit 62 of an L2 entry. */
  public static final long COMPRESSED = 1L << 62;

  /** Bit 0 of a standard L2 entry. */
  public static final long ZERO = 1;

  private final HostBytes bytes;

  private ImageSurgeon(Path image) {
    this.bytes = new HostBytes(image);
  }

  public static ImageSurgeon open(Path image) {
    return new ImageSurgeon(image);
  }

  /** Opens {@code image}, lets {@code edits} work on it, and closes it. Returns the path. */
  public static Path operate(Path image, Consumer<ImageSurgeon> edits) {
    try (ImageSurgeon surgeon = open(image)) {
      edits.accept(surgeon);
    }
    return image;
  }

  // Header.

  public long get(HeaderField field) {
    return bytes.number(field.offset(), field.widthBytes());
  }

  public void set(HeaderField field, long value) {
    bytes.setNumber(field.offset(), field.widthBytes(), value);
  }

  /** Sets a bit of one of the three feature words. */
  public void setFeatureBit(HeaderField word, int bit) {
    set(word, get(word) | 1L << bit);
  }

  /** Clears a bit of one of the three feature words. */
  public void clearFeatureBit(HeaderField word, int bit) {
    set(word, get(word) & ~(1L << bit));
  }

  public int clusterBits() {
    return Math.toIntExact(get(HeaderField.CLUSTER_BITS));
  }

  public int clusterSizeBytes() {
    return 1 << clusterBits();
  }

  public boolean extendedL2() {
    return isVersion3() && (get(HeaderField.INCOMPATIBLE_FEATURES) & 1 << 4) != 0;
  }

  /** Where header extensions begin. */
  public int headerLengthBytes() {
    return isVersion3() ? Math.toIntExact(get(HeaderField.HEADER_LENGTH)) : 72;
  }

  private boolean isVersion3() {
    return get(HeaderField.VERSION) >= 3;
  }

  // Mapping.

  public long l1Entry(int l1Index) {
    return number(get(HeaderField.L1_TABLE_OFFSET) + 8L * l1Index);
  }

  public void setL1Entry(int l1Index, long entry) {
    setNumber(get(HeaderField.L1_TABLE_OFFSET) + 8L * l1Index, entry);
  }

  /** The first (or only) word of the L2 entry for a guest offset whose L2 table exists. */
  public long l2Entry(long guestOffset) {
    return number(l2EntryHostOffset(guestOffset));
  }

  public void setL2Entry(long guestOffset, long entry) {
    setNumber(l2EntryHostOffset(guestOffset), entry);
  }

  /** The second word of an extended L2 entry: allocated bits 0 to 31, zero bits 32 to 63. */
  public long l2Bitmap(long guestOffset) {
    return number(l2EntryHostOffset(guestOffset) + 8);
  }

  public void setL2Bitmap(long guestOffset, long bitmap) {
    setNumber(l2EntryHostOffset(guestOffset) + 8, bitmap);
  }

  /** Host offset of the standard cluster that a guest offset is mapped to. */
  public long clusterOffset(long guestOffset) {
    return l2Entry(guestOffset) & OFFSET_MASK;
  }

  public CompressedEntry compressedEntry(long guestOffset) {
    return CompressedEntry.decode(l2Entry(guestOffset), clusterBits());
  }

  /** Host offset of the L2 table that covers a guest offset; 0 when there is none. */
  public long l2TableOffset(long guestOffset) {
    return l1Entry(Math.toIntExact(guestOffset / (clusterSizeBytes() * l2Entries()))) & OFFSET_MASK;
  }

  public long l2EntryHostOffset(long guestOffset) {
    long table = l2TableOffset(guestOffset);
    if (table == 0) {
      throw new IllegalArgumentException("no L2 table for guest offset " + guestOffset);
    }
    return table + guestOffset / clusterSizeBytes() % l2Entries() * l2EntryBytes();
  }

  private long l2Entries() {
    return clusterSizeBytes() / l2EntryBytes();
  }

  private int l2EntryBytes() {
    return extendedL2() ? 16 : 8;
  }

  // Reference counts.

  public int refcountBits() {
    return isVersion3() ? 1 << get(HeaderField.REFCOUNT_ORDER) : 16;
  }

  public long refcountTableEntry(int index) {
    return number(get(HeaderField.REFCOUNT_TABLE_OFFSET) + 8L * index);
  }

  public void setRefcountTableEntry(int index, long entry) {
    setNumber(get(HeaderField.REFCOUNT_TABLE_OFFSET) + 8L * index, entry);
  }

  /**
   * The stored counter of the host cluster that holds {@code hostOffset}; 0 without a refcount
   * block.
   */
  public long refcount(long hostOffset) {
    return counter(hostOffset).get();
  }

  /** Stores a counter. The refcount block must exist. */
  public void setRefcount(long hostOffset, long count) {
    counter(hostOffset).set(count);
  }

  private RefcountCell counter(long hostOffset) {
    long cluster = hostOffset >> clusterBits();
    long perBlock = clusterSizeBytes() * 8L / refcountBits();
    long block = refcountTableEntry(Math.toIntExact(cluster / perBlock)) & ~0x1ffL;
    return new RefcountCell(bytes, block, cluster % perBlock, refcountBits());
  }

  // Bytes.

  public byte[] read(long hostOffset, int lengthBytes) {
    return bytes.read(hostOffset, lengthBytes);
  }

  public void write(long hostOffset, byte[] content) {
    bytes.write(hostOffset, content);
  }

  /** The 64-bit number at {@code hostOffset}. */
  public long number(long hostOffset) {
    return bytes.number(hostOffset, 8);
  }

  public void setNumber(long hostOffset, long value) {
    bytes.setNumber(hostOffset, 8, value);
  }

  /** The number of {@code widthBytes} bytes at {@code hostOffset}. */
  public long number(long hostOffset, int widthBytes) {
    return bytes.number(hostOffset, widthBytes);
  }

  public void setNumber(long hostOffset, int widthBytes, long value) {
    bytes.setNumber(hostOffset, widthBytes, value);
  }

  public long lengthBytes() {
    return bytes.lengthBytes();
  }

  /** Cuts the file, or lengthens it with a hole. */
  public void truncate(long lengthBytes) {
    bytes.setLength(lengthBytes);
  }

  /**
   * Appends a zeroed cluster at the first cluster border at or past the end, with refcount 1;
   * returns its host offset.
   */
  public long appendCluster() {
    return appendClusters(1);
  }

  /**
   * Appends several adjacent zeroed clusters with refcount 1 each; returns the first one's host
   * offset.
   */
  public long appendClusters(int count) {
    long cs = clusterSizeBytes();
    long hostOffset = (bytes.lengthBytes() + cs - 1) / cs * cs;
    bytes.setLength(hostOffset + count * cs);
    for (int i = 0; i < count; i++) {
      setRefcount(hostOffset + i * cs, 1);
    }
    return hostOffset;
  }

  /**
   * Appends a compressed stream in clusters of its own and maps a guest cluster to it; returns the
   * stream's offset.
   */
  public long appendCompressed(long guestOffset, byte[] stream) {
    int clusters = Math.max(1, (stream.length + clusterSizeBytes() - 1) / clusterSizeBytes());
    long hostOffset = appendClusters(clusters);
    bytes.write(hostOffset, stream);
    setL2Entry(guestOffset, CompressedEntry.of(hostOffset, stream.length).encode(clusterBits()));
    return hostOffset;
  }

  /** The list of header extensions, for reading and rewriting. */
  public HeaderExtensions extensions() {
    return new HeaderExtensions(this);
  }

  @Override
  public void close() {
    bytes.close();
  }
}
