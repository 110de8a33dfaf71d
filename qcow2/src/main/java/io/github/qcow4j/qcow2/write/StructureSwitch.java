package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderDraft;
import io.github.qcow4j.qcow2.header.HeaderField;
import io.github.qcow4j.qcow2.header.HeaderRewrite;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Replaces several structures of an image at once: active L1 table, refcounts, snapshot table. All
 * that changes is built beside what is in use and made durable; then one write of 48 bytes within
 * the header's first sector makes it valid, and whatever a power cut does, the image is the old or
 * the new one, without a leak in either.
 *
 * <p>What is built stays in memory until all of it is known to be possible, so that damage on the
 * way is found before the first write. Where it is too much for that, clusters that are free in the
 * structures in use are written before; {@link #abandon} then gives the file its old length again.
 *
 * <p>Used once, by one thread, on an image whose own changes are all written.
 */
final class StructureSwitch {

  private static final int FIRST_FIELD = HeaderField.SIZE;
  private static final int FIELDS_END = HeaderField.SNAPSHOTS_OFFSET + Long.BYTES;

  private final BlockFile file;
  private final Qcow2Header header;
  private final ShadowClusters l2Tables;
  private final ShadowRefcounts refcounts;
  private final MetadataOverlap overlap;
  private final ReferenceWalk references;
  private final List<L1Table> newL1Tables = new ArrayList<>();
  private final RightFlags rightFlags;
  private boolean switching;

  /**
   * @param file the image
   * @param header its header
   * @param refcounts its refcounts as they will be
   * @param overlap where its metadata is
   * @param budgetBytes how much of the new L2 tables waits in memory
   */
  StructureSwitch(
      BlockFile file,
      Qcow2Header header,
      ShadowRefcounts refcounts,
      MetadataOverlap overlap,
      long budgetBytes) {
    this.file = file;
    this.overlap = overlap;
    this.header = header;
    this.l2Tables = new ShadowClusters(file, "L2 table", header.clusterSize(), budgetBytes);
    this.refcounts = refcounts;
    this.rightFlags = new RightFlags(header, refcounts);
    this.references = new ReferenceWalk(file, header, refcounts);
  }

  ShadowRefcounts refcounts() {
    return refcounts;
  }

  /** Where the metadata stood when the image was opened. */
  MetadataOverlap overlap() {
    return overlap;
  }

  /** The header as it stands in the file. */
  Qcow2Header header() {
    return header;
  }

  /** The L2 table that an L1 entry names, checked for its place; good until the next one. */
  L2Table l2(long l1Entry) throws IOException {
    long hostOffset = l1Entry & L2Entry.OFFSET_MASK;
    boolean unaligned = (hostOffset & (header.clusterSize() - 1)) != 0;
    if (unaligned || hostOffset >= Math.max(file.size(), refcounts.handedOutEnd())) {
      throw new CorruptImageException(
          file.path(),
          "L2 table offset 0x" + Long.toHexString(hostOffset) + " is impossible",
          "L1 table",
          hostOffset);
    }
    return table(l2Tables.get(hostOffset));
  }

  private L2Table table(byte[] bytes) {
    return new L2Table(bytes, header.l2EntryBytes() > Long.BYTES);
  }

  /** Adds to the refcounts of an L2 table and of everything it refers to. */
  void addTree(long l1Entry, int delta) throws IOException {
    if ((l1Entry & L2Entry.OFFSET_MASK) != 0) {
      references.addAll(l2(l1Entry), delta);
      addTable(l1Entry, delta);
    }
  }

  /** Adds to the refcounts of everything that an L2 table refers to, not of the table itself. */
  void addReferences(long l1Entry, int delta) throws IOException {
    if ((l1Entry & L2Entry.OFFSET_MASK) != 0) {
      references.addAll(l2(l1Entry), delta);
    }
  }

  /** Adds to the refcount of an L2 table alone. */
  void addTable(long l1Entry, int delta) throws IOException {
    refcounts.add((l1Entry & L2Entry.OFFSET_MASK) >>> header.clusterBits(), 1, delta);
  }

  /**
   * An L2 table whose copied flags say what the new refcounts say: the same one where they do
   * already, else a copy, counted once, in exchange for one reference to the old one.
   *
   * @return its host offset
   */
  long withRightFlags(long l1Entry) throws IOException {
    long oldOffset = l1Entry & L2Entry.OFFSET_MASK;
    if (!rightFlags.set(l2(l1Entry))) {
      return oldOffset;
    }
    long home = refcounts.allocate(1) << header.clusterBits();
    L2Table copy = table(l2Tables.copy(oldOffset, home));
    copy.setEntries(rightFlags.entries());
    addTable(l1Entry, -1);
    return home;
  }

  /** Makes an L2 table of standard entries, counted once; answers its host offset. */
  long writeL2(long[] entries) throws IOException {
    long home = refcounts.allocate(1) << header.clusterBits();
    L2Table table = table(l2Tables.create(home));
    table.setEntries(entries);
    return home;
  }

  /** An L1 entry whose copied flag says what the new refcount of its L2 table says. */
  long l1EntryFor(long l2Offset) throws IOException {
    boolean alone = refcounts.get(l2Offset >>> header.clusterBits()) == 1;
    return alone ? l2Offset | L2Entry.COPIED : l2Offset;
  }

  /** Puts an L1 table in a new place; it is written with the rest. */
  L1Table placeL1(long[] entries) throws IOException {
    return placeL1(takeL1(entries.length), entries);
  }

  /** Puts an L1 table in clusters that were taken for it; it is written with the rest. */
  L1Table placeL1(long home, long[] entries) {
    L1Table l1 = L1Table.of(home << header.clusterBits(), entries);
    newL1Tables.add(l1);
    return l1;
  }

  private void writeL1Tables() throws IOException {
    for (L1Table l1 : newL1Tables) {
      ByteBuffer encoded = ByteBuffer.allocate(l1.size() * Long.BYTES);
      encoded.asLongBuffer().put(l1.copyOfEntries(l1.size()));
      file.write(encoded, l1.hostOffset());
    }
  }

  /** How many clusters a snapshot table takes. */
  long tableClusters(List<InternalSnapshot> snapshots) {
    return clusters(SnapshotTable.encodedBytes(snapshots));
  }

  /** How many clusters an L1 table takes: that of a disk of no bytes none. */
  long l1Clusters(int entries) {
    return clusters((long) entries * Long.BYTES);
  }

  /**
   * Takes the clusters of a new L1 table; answers the first. One without entries has to stand
   * somewhere too, and stands where the active one does: nothing is read or counted there.
   */
  long takeL1(int entries) throws IOException {
    return entries == 0
        ? header.l1TableOffset() >>> header.clusterBits()
        : refcounts.allocate(l1Clusters(entries));
  }

  /**
   * Copies an L2 table as it is to new clusters, with all references to it.
   *
   * @return the copy's host offset
   */
  long moveL2(long hostOffset, int references) throws IOException {
    long home = refcounts.allocate(1);
    byte[] _ = l2Tables.copy(hostOffset, home << header.clusterBits());
    refcounts.add(home, 1, references - 1);
    refcounts.add(hostOffset >>> header.clusterBits(), 1, -references);
    return home << header.clusterBits();
  }

  /** Gives the clusters of an L1 table back. */
  void freeL1(long hostOffset, int entries) throws IOException {
    refcounts.add(hostOffset >>> header.clusterBits(), clusters((long) entries * Long.BYTES), -1);
  }

  /**
   * Writes everything, makes it durable, switches, and makes that durable.
   *
   * @param sizeBytes the disk's size
   * @param l1 the new active L1 table
   * @param oldSnapshots the snapshots whose table is in use
   * @param newSnapshots the snapshots of the new table
   */
  void commit(
      long sizeBytes,
      L1Table l1,
      List<InternalSnapshot> oldSnapshots,
      List<InternalSnapshot> newSnapshots)
      throws IOException {
    Settled settled =
        settle(HeaderDraft.of(header).size(sizeBytes), l1, oldSnapshots, newSnapshots);
    write(settled);
    Qcow2Header changed = settled.header();
    ByteBuffer fields = ByteBuffer.allocate(FIELDS_END - FIRST_FIELD);
    fields.putLong(changed.storedSize());
    fields.putInt(changed.cryptMethod());
    fields.putInt(changed.l1Entries());
    fields.putLong(changed.l1TableOffset());
    fields.putLong(changed.refcountTableOffset());
    fields.putInt(changed.refcountTableClusters());
    fields.putInt(changed.snapshotCount());
    fields.putLong(changed.snapshotsOffset());
    switching = true;
    file.write(fields.flip(), FIRST_FIELD);
    file.sync();
  }

  /**
   * Changes the disk's size, and the length of its L1 table in the clusters that it has, by one
   * write of the header; durable on return. Nothing else was changed before.
   *
   * @param sizeBytes the disk's size
   * @param l1 the active L1 table
   * @param l1Entries its new length, not less than the present one
   */
  void commitSize(long sizeBytes, L1Table l1, int l1Entries) throws IOException {
    switching = true;
    int more = l1Entries - l1.size();
    if (more > 0) {
      file.write(
          ByteBuffer.allocate(more * Long.BYTES), l1.hostOffset() + (long) l1.size() * Long.BYTES);
      file.sync();
    }
    ByteBuffer fields = ByteBuffer.allocate(HeaderField.L1_TABLE_OFFSET - FIRST_FIELD);
    fields.putLong(sizeBytes).putInt(header.cryptMethod()).putInt(l1Entries);
    file.write(fields.flip(), FIRST_FIELD);
    file.sync();
  }

  /** Whether an L1 table of that length fits into the clusters of this one. */
  boolean fits(L1Table l1, int l1Entries) {
    return l1.size() > 0
        && clusters((long) l1Entries * Long.BYTES) == clusters((long) l1.size() * Long.BYTES);
  }

  /**
   * The same, for a change that touches more of the header than where the structures are: version,
   * features, extensions, names.
   *
   * @param draft the new header but for where the structures are
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when its cluster has no room for
   *     it; nothing was written then
   */
  void commit(
      HeaderDraft draft,
      L1Table l1,
      List<InternalSnapshot> oldSnapshots,
      List<InternalSnapshot> newSnapshots)
      throws IOException {
    Settled settled = settle(draft, l1, oldSnapshots, newSnapshots);
    HeaderRewrite.requirePossible(file, header, settled.header());
    write(settled);
    switching = true;
    HeaderRewrite.replace(file, header, settled.header());
  }

  /**
   * Gives the file its old length again after a failure, unless the failure came so late that the
   * new structures may be those in use.
   *
   * @param oldBytes the file's length before anything was written
   */
  void abandon(long oldBytes) {
    if (switching) {
      return;
    }
    try {
      if (file.size() > oldBytes) {
        file.truncate(oldBytes);
      }
    } catch (IOException e) {
      // The file stays longer than it need be, and the failure before this one is to be told.
    }
  }

  /**
   * What is to be written, all of it in memory, with its places.
   *
   * @param header the header that leads to it
   * @param snapshots the snapshot table, of no bytes when there are no snapshots
   * @param refcountTable where the new refcount table will be
   */
  private record Settled(
      Qcow2Header header, ByteBuffer snapshots, ShadowRefcounts.Place refcountTable) {}

  /** Finds a place for everything; writes nothing. */
  private Settled settle(
      HeaderDraft draft,
      L1Table l1,
      List<InternalSnapshot> oldSnapshots,
      List<InternalSnapshot> newSnapshots)
      throws IOException {
    // A table that a damaged entry calls a cluster may be shared by now. All other counts were
    // looked at when the image was opened; there may be thousands of blocks of them.
    MetadataOverlap.Counts now =
        cluster -> refcounts.mayDiffer(cluster) ? refcounts.get(cluster) : 1;
    overlap.requireUnshared(now, now);
    long oldBytes = SnapshotTable.encodedBytes(oldSnapshots);
    refcounts.add(header.snapshotsOffset() >>> header.clusterBits(), clusters(oldBytes), -1);
    long snapshotsOffset = 0;
    ByteBuffer snapshots = SnapshotTable.encode(file.path(), newSnapshots);
    if (snapshots.hasRemaining()) {
      snapshotsOffset = refcounts.allocate(clusters(snapshots.remaining())) << header.clusterBits();
    }
    ShadowRefcounts.Place refcountTable = refcounts.settle();
    Qcow2Header changed =
        draft
            .l1(l1.size(), l1.hostOffset())
            .refcountTable(refcountTable.hostOffset(), refcountTable.clusters())
            .snapshots(newSnapshots.size(), snapshotsOffset)
            .header();
    return new Settled(changed, snapshots, refcountTable);
  }

  /** Writes everything but the header, and makes it durable. */
  private void write(Settled settled) throws IOException {
    writeL1Tables();
    if (settled.snapshots().hasRemaining()) {
      file.write(settled.snapshots(), settled.header().snapshotsOffset());
    }
    l2Tables.write();
    refcounts.write(settled.refcountTable());
    file.sync();
  }

  private long clusters(long bytes) {
    return (bytes + header.clusterSize() - 1) >>> header.clusterBits();
  }
}
