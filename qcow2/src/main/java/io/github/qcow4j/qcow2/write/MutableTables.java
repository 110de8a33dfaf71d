package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator.Run;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import io.github.qcow4j.qcow2.table.MetadataPages;
import io.github.qcow4j.qcow2.table.MetadataPages.Page;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The active L1 table and the L2 tables of an image that is being written, in memory, with the
 * refcounts that belong to them. Guarded by the image's metadata lock.
 */
final class MutableTables {

  private final BlockFile file;
  private final Qcow2Header header;
  private final L1Table l1;
  private final MetadataPages l2Pages;
  private final RefcountStore refcounts;
  private final ClusterAllocator allocator;
  private final MetadataOverlap overlap;
  private final BitSet dirtyL1 = new BitSet();

  MutableTables(
      BlockFile file,
      Qcow2Header header,
      L1Table l1,
      MetadataPages l2Pages,
      RefcountStore refcounts,
      ClusterAllocator allocator,
      MetadataOverlap overlap) {
    this.file = file;
    this.header = header;
    this.l1 = l1;
    this.l2Pages = l2Pages;
    this.refcounts = refcounts;
    this.allocator = allocator;
    this.overlap = overlap;
  }

  L1Table l1() {
    return l1;
  }

  MetadataPages l2Pages() {
    return l2Pages;
  }

  RefcountStore refcounts() {
    return refcounts;
  }

  ClusterAllocator allocator() {
    return allocator;
  }

  /** What refuses clusters that metadata occupies, whatever their refcounts say. */
  MetadataOverlap overlap() {
    return overlap;
  }

  BitSet dirtyL1() {
    return dirtyL1;
  }

  boolean extended() {
    return header.has(Feature.EXTENDED_L2);
  }

  /** One L2 table open for a change. */
  record OpenL2(Page page, L2Table table) {}

  /** The L2 table of a guest offset for reading, or null when there is none. */
  @Nullable L2Table peekL2(long guestOffset) throws IOException {
    long l2Offset = l1.l2Offset(guestOffset >>> header.l2CoverageBits());
    return l2Offset == 0 ? null : new L2Table(l2Pages.get(l2Offset).bytes(), extended());
  }

  /**
   * The L2 table of a guest offset for a change: made when there is none, copied when an internal
   * snapshot shares it.
   */
  OpenL2 openL2(long guestOffset) throws IOException {
    int l1Index = (int) (guestOffset >>> header.l2CoverageBits());
    long entry = l1.entry(l1Index);
    long l2Offset = entry & L2Entry.OFFSET_MASK;
    Page page;
    if (l2Offset != 0 && (entry & L2Entry.COPIED) != 0) {
      page = l2Pages.get(l2Offset);
    } else {
      byte[] old = l2Offset == 0 ? null : l2Pages.get(l2Offset).bytes();
      Run home = allocator.allocateContiguous(1);
      page = newPage(home.firstCluster());
      if (old != null) {
        System.arraycopy(old, 0, page.bytes(), 0, old.length);
        allocator.freeLater(l2Offset >>> header.clusterBits(), 1);
      }
      l1.setEntry(l1Index, page.hostOffset() | L2Entry.COPIED);
      dirtyL1.set(l1Index);
    }
    return new OpenL2(page, new L2Table(page.bytes(), extended()));
  }

  private Page newPage(long cluster) throws IOException {
    boolean made = false;
    try {
      Page page = l2Pages.createStored(cluster << header.clusterBits());
      made = true;
      return page;
    } finally {
      if (!made) {
        allocator.giveBack(cluster);
      }
    }
  }

  /** Says that an L2 table was changed. */
  void changed(OpenL2 open) {
    l2Pages.markDirty(open.page);
  }

  /**
   * Takes back what a standard or compressed L2 entry refers to, once nothing durable does. Where
   * metadata stands, of which a damaged entry says that it is the guest's, the last reference
   * stays.
   */
  void freeLater(long entry) {
    Run run = counted(entry);
    if (run != null) {
      allocator.freeDataLater(run.firstCluster(), run.count());
    }
  }

  /** The host clusters that are counted for an L2 entry, or null when there are none. */
  @Nullable Run counted(long entry) {
    if (L2Entry.isCompressed(entry)) {
      long first = L2Entry.compressedOffset(entry, header.clusterBits());
      long last = first + L2Entry.compressedMaxBytes(entry, header.clusterBits()) - 1;
      long firstCluster = first >>> header.clusterBits();
      return new Run(firstCluster, (last >>> header.clusterBits()) - firstCluster + 1);
    }
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    return hostOffset == 0 || header.has(Feature.EXTERNAL_DATA_FILE)
        ? null
        : new Run(hostOffset >>> header.clusterBits(), 1);
  }

  /**
   * Requires of every L2 table that it can be where the L1 table says, for a change that walks them
   * and must not come to a bad end half way.
   */
  void requireL2Tables() throws IOException {
    long end = hostEnd();
    for (int i = 0; i < l1.size(); i++) {
      long hostOffset = l1.l2Offset(i);
      TableBounds.requirePossible(file, hostOffset, header.clusterSize(), "L2 table");
      if (hostOffset >= end) {
        throw new CorruptImageException(
            file.path(),
            "L2 table at offset 0x"
                + Long.toHexString(hostOffset)
                + " lies past the end of the file ("
                + end
                + " bytes)",
            "L1 table",
            l1.hostOffset() + (long) i * Long.BYTES);
      }
    }
  }

  /**
   * Requires of clusters that are to be given back that they are counted, each as often as it is
   * given back: to find that out when others are given back already would be too late.
   */
  void requireCounted(List<Run> runs) throws IOException {
    Map<Long, Long> references = new HashMap<>();
    for (Run run : runs) {
      for (long i = 0; i < run.count(); i++) {
        long cluster = run.firstCluster() + i;
        requireCounted(cluster, references.merge(cluster, 1L, Long::sum));
      }
    }
  }

  /** Requires of a cluster that it is counted so often at least. */
  void requireCounted(long cluster, long references) throws IOException {
    if (Long.compareUnsigned(refcounts.get(cluster), references) < 0) {
      long hostOffset = cluster << header.clusterBits();
      throw new CorruptImageException(
          file.path(),
          "Refcount of the cluster at offset 0x"
              + Long.toHexString(hostOffset)
              + " would fall below zero",
          "refcount block",
          hostOffset);
    }
  }

  /** The host cluster of the L2 table that an L1 entry names, 0 for none. */
  long l2Cluster(int l1Index) {
    return l1.l2Offset(l1Index) >>> header.clusterBits();
  }

  /** The L2 table at a host offset, for reading. */
  L2Table l2At(long hostOffset) throws IOException {
    return new L2Table(l2Pages.get(hostOffset).bytes(), extended());
  }

  /** Clusters were given back: nothing of them may be written from memory, others may have them. */
  void released(Run run) {
    for (long cluster = run.firstCluster(); cluster < run.firstCluster() + run.count(); cluster++) {
      l2Pages.forget(cluster << header.clusterBits());
      overlap.forget(cluster);
    }
  }

  /** The end of the file, or of what was handed out behind it and is not written yet. */
  long hostEnd() throws IOException {
    return Math.max(file.size(), allocator.handedOutEnd());
  }

  /** Whether a new table or refcount block found no room; all is as it was before it then. */
  boolean isRefusal(IOException failure) {
    return l2Pages.isRefusal(failure) || refcounts.blocks().isRefusal(failure);
  }

  /** How many bytes of changed tables and refcount blocks wait to be written. */
  long dirtyBytes() {
    return l2Pages.dirtyBytes() + refcounts.dirtyBytes();
  }

  /** Index of a guest offset's entry in its L2 table. */
  int l2Index(long guestOffset) {
    return (int) ((guestOffset >>> header.clusterBits()) & (header.l2Entries() - 1));
  }

  BlockFile file() {
    return file;
  }
}
