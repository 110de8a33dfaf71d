package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.bitmap.BitmapCopy;
import io.github.qcow4j.qcow2.bitmap.BitmapData;
import io.github.qcow4j.qcow2.bitmap.BitmapSource;
import io.github.qcow4j.qcow2.bitmap.DirtyBits;
import io.github.qcow4j.qcow2.cluster.DecoderPool;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.snapshot.SnapshotTakenException;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.TableRepeats;
import io.github.qcow4j.qcow2.write.FileBytes;
import io.github.qcow4j.qcow2.write.FreeSpace;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A qcow2 image of version 2 or 3, or one of its internal snapshots.
 *
 * <p>The face of all that can be done with an open image: it says what each call promises, and is
 * long for that, each method being a few lines. How things are looked up and changed stands in
 * {@link MappedLayer}, {@link StructureChanges} and the packages below.
 */
public final class Qcow2Image implements DiskImage {

  private final BlockFile file;
  private volatile MappedLayer layer;

  /** Why the image could not be opened again after a change that is made, or null. */
  private volatile @Nullable Throwable outdatedBy;

  /**
   * What an image is put together from.
   *
   * @param snapshots its internal snapshots
   * @param bitmaps its bitmaps
   * @param dataFile the external data file, or null when the image itself holds the data or nothing
   *     but metadata is wanted
   * @param backing the layer below, or null
   * @param shared what all layers of the chain share
   * @param writer what changes the image, or null when it is only read
   */
  record Parts(
      List<InternalSnapshot> snapshots,
      List<Bitmap> bitmaps,
      @Nullable BlockFile dataFile,
      @Nullable DiskImage backing,
      Shared shared,
      @Nullable ImageWriter writer) {}

  /**
   * What all layers of a chain share, so that memory does not grow with its depth.
   *
   * @param l2Cache L2 tables
   * @param decoders decoders of compressed clusters
   * @param repeats what their L1 tables name again
   * @param metadataOnly whether guest data must not be read
   */
  record Shared(
      L2Cache l2Cache, DecoderPool decoders, TableRepeats repeats, boolean metadataOnly) {}

  Qcow2Image(BlockFile file, Qcow2Header header, Parts parts) {
    this(file, new MappedLayer(file, header, parts, header.virtualSize(), null));
  }

  private Qcow2Image(BlockFile file, MappedLayer layer) {
    this.file = file;
    this.layer = layer;
  }

  /** What the image is from now on, after a change of its structures. */
  void becomes(MappedLayer changed) {
    layer = changed;
  }

  /**
   * Says that a change is made, and that the image could not be opened again after it: what is
   * known of it is what was there before. It can be closed, and nothing else.
   */
  void isOutdated(Throwable reason) {
    outdatedBy = reason;
  }

  private void requireCurrent() throws IOException {
    Throwable reason = outdatedBy;
    if (reason instanceof ImageException damage) {
      throw damage;
    }
    if (reason != null) {
      String why =
          reason instanceof FileSystemException failure ? failure.getReason() : reason.getMessage();
      FileSystemException outdated =
          new FileSystemException(
              file.path().toString(),
              null,
              "it was changed, and could not be opened again: " + why);
      outdated.initCause(reason);
      throw outdated;
    }
  }

  /** The header as it stood in the file when the image was opened. */
  public Qcow2Header header() {
    return layer.header();
  }

  /** The file that holds the header and all metadata. */
  public BlockFile imageFile() {
    return file;
  }

  /** The internal snapshots, in the table's order. */
  public List<InternalSnapshot> snapshots() {
    return layer.parts().snapshots();
  }

  /** The bitmaps, in the directory's order; none when they are stale. */
  public List<Bitmap> bitmaps() {
    return layer.parts().bitmaps();
  }

  /** The image as far as its bitmaps go, to merge them into those of another image. */
  public BitmapSource bitmapSource() {
    MappedLayer now = layer;
    return new BitmapSource(file, now.header(), now.parts().bitmaps());
  }

  /** The marks of a bitmap as they are stored; what is written while it is open is not in them. */
  public DirtyBits loadBitmap(Bitmap bitmap) throws IOException {
    return BitmapData.load(file, header(), bitmap);
  }

  /**
   * The disk as an internal snapshot holds it: its own size and contents, over the same backing
   * file. The view lives as long as this image; closing it has no effect.
   *
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when the snapshot's L1 table cannot
   *     be where its entry says
   */
  public Qcow2Image openSnapshot(InternalSnapshot wanted) throws IOException {
    return openSnapshot(wanted, wanted.virtualSize(header().virtualSize()));
  }

  /**
   * The disk as an internal snapshot holds it, cut or filled up to another size. {@code qemu-img
   * convert -l} does that: it takes the contents from the snapshot, but the size from the present
   * disk.
   *
   * @param wanted the snapshot
   * @param sizeBytes the size of the view, a multiple of 512
   */
  public Qcow2Image openSnapshot(InternalSnapshot wanted, long sizeBytes) throws IOException {
    requireCurrent();
    SnapshotTable.checkL1(file, header(), wanted);
    return new Qcow2Image(file, new MappedLayer(file, header(), layer.parts(), sizeBytes, wanted));
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public ImageFormat format() {
    return ImageFormat.QCOW2;
  }

  @Override
  public long virtualSize() {
    return layer.virtualSize();
  }

  /** What this layer shows now. */
  MappedLayer layer() {
    return layer;
  }

  @Override
  public @Nullable DiskImage backing() {
    return layer.parts().backing();
  }

  @Override
  public BlockFile dataFile() {
    return layer.dataFile();
  }

  @Override
  public void read(long guestOffset, ByteBuffer target) throws IOException {
    Objects.checkFromIndexSize(guestOffset, target.remaining(), virtualSize());
    requireData();
    requireCurrent();
    ChainRead.fill(layer, guestOffset, target);
  }

  @Override
  public Extent extentAt(long guestOffset, long maxBytes) throws IOException {
    Objects.checkIndex(guestOffset, virtualSize());
    requireCurrent();
    return layer.extentAt(guestOffset, Math.min(maxBytes, virtualSize() - guestOffset));
  }

  /**
   * Requires that the L1 table of what is shown can be read and walked: without it nothing of this
   * layer is known. It is read once, by whoever needs it first.
   *
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when it does not lie within the file
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when it names more L2 tables than
   *     are walked
   * @throws IOException when it cannot be read
   */
  public void requireL1Table() throws IOException {
    requireCurrent();
    layer.requireL1Table();
  }

  @Override
  public boolean writable() {
    return layer.writer() != null;
  }

  @Override
  public void write(long guestOffset, ByteBuffer source) throws IOException {
    ImageWriter writer = requireWriter(guestOffset, source.remaining());
    writer.write(guestOffset, source, this::readOld);
  }

  @Override
  public int copyUnitBytes() {
    return header().has(Feature.EXTENDED_L2)
        ? header().clusterSize() / L2Entry.SUBCLUSTERS
        : header().clusterSize();
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    ImageWriter writer = requireWriter(guestOffset, lengthBytes);
    if (guestOffset % copyUnitBytes() != 0 || lengthBytes % copyUnitBytes() != 0) {
      throw new IllegalArgumentException(
          "not a range of units of " + copyUnitBytes() + ": " + guestOffset + " + " + lengthBytes);
    }
    return writer.copyFrom(
        guestOffset, new FileBytes(source, sourceOffset, lengthBytes, ways), this::readOld);
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes, boolean mayUnmap) throws IOException {
    ImageWriter writer = requireWriter(guestOffset, lengthBytes);
    if (header().has(Feature.RAW_EXTERNAL_DATA) && lengthBytes > 0) {
      dataFile().writeZeroes(guestOffset, lengthBytes, mayUnmap);
    }
    new ZeroWrite(header(), writer, this).run(guestOffset, lengthBytes, mayUnmap);
  }

  @Override
  public void discard(long guestOffset, long lengthBytes) throws IOException {
    ImageWriter writer = requireWriter(guestOffset, lengthBytes);
    new Discard(header(), writer, this).run(guestOffset, lengthBytes);
  }

  @Override
  public void sync() throws IOException {
    ImageWriter writer = layer.writer();
    if (writer != null) {
      writer.sync();
    }
  }

  /**
   * Stores one cluster compressed; {@link DiskImage#read} yields it decoded. Not durable on return.
   *
   * @param guestOffset the cluster's beginning
   * @param compressed a stream of the image's compression type that decodes to exactly one cluster,
   *     and is shorter than one; consumed
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has an external
   *     data file; nothing is changed then
   */
  public void writeCompressed(long guestOffset, ByteBuffer compressed) throws IOException {
    if (!compressed.hasRemaining()) {
      throw new IllegalArgumentException("not one compressed cluster");
    }
    writeCompressed(guestOffset, IntBuffer.wrap(new int[] {compressed.remaining()}), compressed);
  }

  /**
   * Stores neighbouring clusters compressed, with as few writes to the file as their places allow.
   * Not durable on return; after a failure some of them may be stored.
   *
   * @param guestOffset the first cluster's beginning
   * @param lengths for each cluster how many bytes its stream has, less than a cluster; 0 leaves
   *     the cluster as it is; consumed
   * @param streams one behind the other, streams of the image's compression type that each decode
   *     to exactly one cluster; consumed
   * @throws io.github.qcow4j.qcow2.error.UnsupportedFeatureException when the image has an external
   *     data file; nothing is changed then
   */
  public void writeCompressed(long guestOffset, IntBuffer lengths, ByteBuffer streams)
      throws IOException {
    int clusters = lengths.remaining();
    long lastOffset = guestOffset + Math.max(clusters - 1L, 0) * header().clusterSize();
    ImageWriter writer = requireWriter(guestOffset, lastOffset - guestOffset + 1);
    long streamBytes = 0;
    for (int i = 0; i < clusters; i++) {
      int length = lengths.get(lengths.position() + i);
      if (length < 0 || length >= header().clusterSize()) {
        throw new IllegalArgumentException("not a compressed cluster: " + length + " bytes");
      }
      streamBytes += length;
    }
    if (guestOffset % header().clusterSize() != 0 || streamBytes != streams.remaining()) {
      throw new IllegalArgumentException(
          "not compressed clusters: " + streamBytes + " of " + streams.remaining() + " bytes");
    }
    writer.writeCompressed(guestOffset, lengths, streams);
  }

  /**
   * Takes an internal snapshot of the disk as it is; at once, or not at all, and durable on return.
   * Nothing else may be under way on the image.
   *
   * @param name its name, at most 65535 bytes of UTF-8; need not be unique
   * @param date when it was taken
   * @return the snapshot, its identifier one more than the largest so far
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when refcounts are too narrow to
   *     share clusters, or there are too many snapshots
   * @throws UnsupportedFeatureException with an external data file, which cannot share clusters
   * @throws SnapshotTakenException when it is taken, and the storage failed only afterwards
   */
  public InternalSnapshot createSnapshot(String name, Instant date) throws IOException {
    long scattered = structure().createSnapshot(name, date);
    try {
      requireCurrent();
      if (scattered >= 0) {
        settleSnapshot(scattered);
        requireCurrent();
      }
    } catch (IOException e) {
      throw new SnapshotTakenException(name, e);
    }
    return snapshots().getLast();
  }

  private void settleSnapshot(long scattered) throws IOException {
    try {
      structure().settleSnapshot(scattered);
    } catch (CorruptImageException | LimitExceededException e) {
      // Damage that only moving things about met: the snapshot is taken, in a file that is longer
      // than it need be.
    }
  }

  /**
   * Makes the disk what a snapshot holds, its size included; at once, or not at all, and durable on
   * return. Nothing else may be under way on the image.
   *
   * @throws UnsupportedFeatureException for images with bitmaps, which would know nothing of it
   */
  public void applySnapshot(InternalSnapshot wanted) throws IOException {
    structure().applySnapshot(wanted);
  }

  /**
   * Deletes a snapshot; at once, or not at all, and durable on return. Nothing else may be under
   * way on the image.
   */
  public void deleteSnapshot(InternalSnapshot unwanted) throws IOException {
    structure().deleteSnapshot(unwanted);
  }

  /**
   * Changes the size of the disk; durable on return. A crash leaves the old or the new size; of a
   * disk that was to shrink, what lies behind the new size may then be lost already. What is new
   * reads as zeros, also where a longer backing file would show. Nothing else may be under way on
   * the image.
   *
   * @param newBytes the new size, a multiple of 512; what lies behind it is lost
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the clusters are too small for
   *     it
   * @throws UnsupportedFeatureException for images with bitmaps that were not saved properly or
   *     cannot have that size, and for those of version 2 with internal snapshots, which could not
   *     say their own size
   */
  public void resize(long newBytes) throws IOException {
    resize(newBytes, Preallocation.OFF, new JobControl());
  }

  /**
   * Changes the size of the disk, as {@link #resize(long)} does, and gives what is new its place at
   * once. A data file becomes as long as the disk. Stopped or failed, it leaves the disk and a data
   * file as large as they were; places that clusters of the image's own file have by then stay
   * theirs, behind the disk's end.
   *
   * @param newBytes the new size, a multiple of 512; what lies behind it is lost
   * @param preallocation what of a new part gets its place; of no effect on a disk that shrinks
   * @param control stops the growing of a disk
   */
  public void resize(long newBytes, Preallocation preallocation, JobControl control)
      throws IOException {
    ImageWriter writer = requireWriter(0, 0);
    new Resize(this, writer, snapshots(), backing(), preallocation, control).run(newBytes);
  }

  /**
   * Changes bitmaps; all of it at once, or not at all, and durable on return. Nothing else may be
   * under way on the image.
   *
   * @param changes what to do, in this order
   * @throws io.github.qcow4j.qcow2.bitmap.BitmapChangeException when a change makes no sense, as
   *     the bitmaps are; those before it are made
   * @throws io.github.qcow4j.qcow2.bitmap.BitmapsChangedException when the changes are made, and
   *     the storage failed only afterwards
   */
  public void changeBitmaps(List<BitmapChange> changes) throws IOException {
    structure().changeBitmaps(changes);
  }

  /**
   * Adds copies of all bitmaps of another image of the same size; all of them at once, or none, and
   * durable on return. Nothing else may be under way on this image; the other may be open for
   * reading.
   *
   * @param source where the bitmaps are
   * @param skippingBroken whether to leave out those that were not saved properly; else they are a
   *     reason to copy none
   * @return those that were left out
   * @throws io.github.qcow4j.qcow2.bitmap.BitmapChangeException when a bitmap was not saved
   *     properly, exists here already, or cannot be stored here
   */
  public List<Bitmap> copyBitmaps(Qcow2Image source, boolean skippingBroken) throws IOException {
    BitmapCopy copy = BitmapCopy.of(source.bitmapSource(), skippingBroken);
    if (!copy.changes().isEmpty()) {
      changeBitmaps(copy.changes());
    }
    return copy.skipped();
  }

  /**
   * Writes another name of the backing file into the header, without a look at what stands there;
   * at once, or not at all, and durable on return. What this open image shows does not change: it
   * is to be closed afterwards. Nothing else may be under way on the image.
   *
   * @param name the name as it is to be stored, or null for none
   * @param format the format to be stored with it, or null to have it guessed by those who open it
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when they do not fit into the
   *     header
   */
  public void changeBackingName(@Nullable String name, @Nullable String format) throws IOException {
    structure().changeHeader(old -> HeaderDraft.of(old).backing(name, format).header());
  }

  /**
   * Empties this layer: from now on the disk shows the backing file alone, or zeros. The internal
   * snapshots and the bitmaps stay; the storage of all else goes back to the file system, and the
   * file ends behind its last cluster in use. At once, or not at all, and durable on return.
   * Nothing else may be under way on the image.
   */
  public void empty() throws IOException {
    FreeSpace space = structure().spaceToEmpty();
    structure().empty();
    structure().shrinkEmptied();
    boolean _ = giveBack(space);
  }

  /** Changes the size in the header, and the length of the L1 table with it. */
  void changeSize(long sizeBytes, int l1Entries) throws IOException {
    structure().changeSize(sizeBytes, l1Entries);
  }

  /** Changes of whole structures, for one of them. */
  StructureChanges structure() throws IOException {
    return new StructureChanges(this, layer, requireWriter(0, 0));
  }

  /** Changes of clusters behind the disk's end, for a size that it is about to have. */
  BehindEnd behindEnd() throws IOException {
    return new BehindEnd(header(), requireWriter(0, 0), this::readOld);
  }

  /** Looks what is free, before a change that is to give storage back. */
  FreeSpace freeSpace() throws IOException {
    return FreeSpace.before(requireWriter(0, 0), header());
  }

  /**
   * Gives the storage of clusters back that have become free; false when some stays, which is all
   * that it costs.
   */
  boolean giveBack(FreeSpace before) throws IOException {
    return before.giveBack(requireWriter(0, 0), header());
  }

  private ImageWriter requireWriter(long guestOffset, long lengthBytes) throws IOException {
    requireCurrent();
    ImageWriter writer = layer.writer();
    if (writer == null) {
      throw new NonWritableChannelException();
    }
    Objects.checkFromIndexSize(guestOffset, lengthBytes, virtualSize());
    return writer;
  }

  /** The guest's bytes for the edges of a fill; the disk's last cluster may reach past its end. */
  private void readOld(long guestOffset, ByteBuffer target) throws IOException {
    int limit = target.limit();
    if (guestOffset < virtualSize()) {
      int inside = (int) Math.min(target.remaining(), virtualSize() - guestOffset);
      read(guestOffset, target.limit(target.position() + inside));
      target.limit(limit);
    }
    ZeroBytes.fill(target);
  }

  private void requireData() {
    if (layer.parts().shared.metadataOnly) {
      throw new IllegalStateException("the image was opened for its metadata only");
    }
  }

  /** Writes all metadata, for a file that is then synced and closed by others. */
  void finishWriting() throws IOException {
    ImageWriter writer = layer.parts().writer;
    if (writer != null) {
      writer.finish();
    }
  }

  /** Lets go of memory, not of files, which others own. */
  void release() {
    layer.parts().shared.decoders.close();
  }

  @Override
  public void close() throws IOException {
    if (layer.isSnapshot()) {
      return;
    }
    Failures failures = new Failures();
    // Layer by layer, not each by the one above: a chain may be longer than the stack is deep.
    Qcow2Image next = this;
    while (next != null) {
      Qcow2Image closing = next;
      DiskImage backing = closing.layer.parts().backing;
      next = backing instanceof Qcow2Image below ? below : null;
      failures.collect(closing::closeAlone);
      if (next == null && backing != null) {
        failures.collect(backing);
      }
    }
    failures.throwFirst();
  }

  private void closeAlone() throws IOException {
    BlockFile dataFile = layer.parts().dataFile;
    try (file;
        dataFile) {
      release();
      finishWriting();
    }
  }
}
