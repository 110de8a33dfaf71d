package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownAutoclear;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.CounterCodec;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.MetadataPages;
import io.github.qcow4j.qcow2.table.TableBounds;
import io.github.qcow4j.qcow2.table.TableRepeats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes an image ready to be written: loads its tables, and marks in the file what writing will
 * outdate.
 */
public final class WriterOpener {

  /**
   * Half of it for tables that are looked at, half for tables that wait to be written. 8 MiB of L2
   * tables describe 64 GiB at 64 KiB clusters, so that a flush comes once for so much at the most.
   *
   * <p>Twenty thousand writes at random over 256 GiB, whose tables take 32 MiB, on ext4: 10.2 s
   * with 1 MiB, 6.5 s with 4, 6.9 s with 8, 7.4 s with 16 and 4.0 s with 64 MiB, which hold them
   * all; but the process grows from 270 MiB to 290, 318, 1145 and 1409.
   */
  private static final long PAGES_BYTES = 8L << 20;

  private static final String REFBLOCK = "Refblock";

  private final BlockFile file;
  private final Qcow2Header header;
  private final List<InternalSnapshot> snapshots;
  private final List<Bitmap> bitmaps;
  private final long budgetBytes;
  private final TableRepeats repeats;

  /**
   * Prepares opening.
   *
   * @param file the image, open for writing and locked
   * @param header its header
   * @param snapshots its snapshots
   * @param bitmaps its bitmaps
   */
  public WriterOpener(
      BlockFile file, Qcow2Header header, List<InternalSnapshot> snapshots, List<Bitmap> bitmaps) {
    this(file, header, snapshots, bitmaps, PAGES_BYTES, new TableRepeats());
  }

  private WriterOpener(
      BlockFile file,
      Qcow2Header header,
      List<InternalSnapshot> snapshots,
      List<Bitmap> bitmaps,
      long budgetBytes,
      TableRepeats repeats) {
    this.file = file;
    this.header = header;
    this.snapshots = snapshots;
    this.bitmaps = bitmaps;
    this.budgetBytes = budgetBytes;
    this.repeats = repeats;
  }

  /**
   * The same with another budget for each kind of metadata: how much is held to be looked at, and
   * how much may wait to be written.
   */
  public WriterOpener withBudget(long bytes) {
    return new WriterOpener(file, header, snapshots, bitmaps, bytes, repeats);
  }

  /**
   * The same for a layer of a chain.
   *
   * @param ofChain what its L1 tables name again; this one's are added
   */
  public WriterOpener inChain(TableRepeats ofChain) {
    return new WriterOpener(file, header, snapshots, bitmaps, budgetBytes, ofChain);
  }

  /**
   * Opens the writer.
   *
   * @param dataFile the external data file, or null
   * @param hasBacking whether there is a backing file
   * @param syncing false for a file that its maker syncs as a whole before anybody can find it
   * @throws CorruptImageException when the corrupt bit is set, tables leave the file, structures of
   *     two kinds stand in one place, or one that nobody else may have is counted more than once
   * @throws UnsupportedFeatureException when the dirty bit is set: refcounts are to be repaired
   *     first
   */
  public ImageWriter open(@Nullable BlockFile dataFile, boolean hasBacking, boolean syncing)
      throws IOException {
    refuseDamaged();
    ImageWriter writer = load(dataFile, hasBacking, syncing, snapshotTableBytes(), true);
    UnknownAutoclear.clear(file, header);
    return writer;
  }

  /**
   * Opens a writer that changes structures and no guest data, on an image whose refcounts were just
   * put right, whatever its header still says. Structures may share places: to refuse them here
   * would end a repair that has done most of its work.
   *
   * @param snapshotTableBytes the length of the snapshot table, which may be wrong in itself
   */
  public ImageWriter openForRepair(long snapshotTableBytes) throws IOException {
    return load(null, header.backingFileName() != null, true, snapshotTableBytes, false);
  }

  private ImageWriter load(
      @Nullable BlockFile dataFile,
      boolean hasBacking,
      boolean syncing,
      long snapshotTableBytes,
      boolean apart)
      throws IOException {
    L1Table l1 =
        L1Table.load(
            file, header, header.l1TableOffset(), header.l1Entries(), "active L1 table", repeats);
    MetadataPages blocks = new MetadataPages(file, REFBLOCK, header.clusterSize(), budgetBytes);
    RefcountStore refcounts =
        new RefcountStore(
            file,
            header.clusterBits(),
            CounterCodec.ofOrder(header.refcountOrder()),
            header.refcountTableOffset(),
            loadRefcountTable(),
            blocks);
    MetadataOverlap overlap = new MetadataOverlap(file.path(), header);
    overlap.addTables(l1, refcounts);
    overlap.addSnapshots(header, snapshots, snapshotTableBytes);
    overlap.addBitmaps(bitmaps);
    if (apart) {
      overlap.requireApart();
      overlap.requireUnshared(refcounts::get, refcounts::getStored);
    }
    ClusterAllocator allocator =
        new ClusterAllocator(file.path(), header.clusterBits(), refcounts, overlap);
    MutableTables tables =
        new MutableTables(
            file,
            header,
            l1,
            new MetadataPages(file, "L2 table", header.clusterSize(), budgetBytes),
            refcounts,
            allocator,
            overlap);
    BlockFile guestData = dataFile == null ? file : dataFile;
    WriteOrder order = new WriteOrder(tables, guestData, header.clusterBits(), syncing);
    return new ImageWriter(
        header,
        guestData,
        hasBacking,
        tables,
        order,
        new BitmapTracking(file, header, bitmaps),
        budgetBytes);
  }

  private void refuseDamaged() throws IOException {
    if (header.has(Feature.CORRUPT)) {
      throw new CorruptImageException(
          file.path(),
          "qcow2: Image is corrupt; cannot be opened read/write",
          "header field incompatible_features",
          HeaderField.INCOMPATIBLE_FEATURES);
    }
    if (header.has(Feature.DIRTY)) {
      throw new UnsupportedFeatureException(
          file.path(),
          "The image was not closed properly; repair it before writing to it",
          Feature.DIRTY.specificationName());
    }
  }

  private long[] loadRefcountTable() throws IOException {
    long bytes = (long) header.refcountTableClusters() * header.clusterSize();
    TableBounds.requireWithinFile(
        file, header.refcountTableOffset(), bytes, header.clusterSize(), "refcount table");
    ByteBuffer encoded = ByteBuffer.allocate((int) bytes);
    file.readPadded(encoded, header.refcountTableOffset());
    long[] table = new long[(int) bytes / Long.BYTES];
    encoded.flip().asLongBuffer().get(table);
    requirePossible(table);
    return table;
  }

  /**
   * Who writes needs all refcounts. QEMU finds a block that is nowhere when it comes to it, which
   * may be in the midst of a change. Changes of the header alone are refused too: that an image is
   * to be repaired is told before it is changed again, and not after.
   */
  private void requirePossible(long[] table) throws CorruptImageException {
    long[] offsets = new long[table.length];
    for (int i = 0; i < table.length; i++) {
      offsets[i] = table[i] & RefcountTable.OFFSET_MASK;
      TableBounds.requirePossible(file, offsets[i], header.clusterSize(), REFBLOCK);
    }
    Arrays.sort(offsets);
    for (int i = 1; i < offsets.length; i++) {
      if (offsets[i] != 0 && offsets[i] == offsets[i - 1]) {
        throw namedTwice(offsets[i]);
      }
    }
  }

  /**
   * A counter in it would be that of two clusters. And one block that is full, named by all entries
   * of the longest table, makes a search for free clusters of minutes out of a file of 8 MiB.
   */
  private CorruptImageException namedTwice(long hostOffset) {
    return new CorruptImageException(
        file.path(),
        "Refblock offset 0x" + Long.toHexString(hostOffset) + " is named twice",
        "refcount table",
        header.refcountTableOffset());
  }

  private long snapshotTableBytes() {
    long bytes = 0;
    for (InternalSnapshot snapshot : snapshots) {
      bytes += snapshot.storedBytes();
    }
    return bytes;
  }
}
