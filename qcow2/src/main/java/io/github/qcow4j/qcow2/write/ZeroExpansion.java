package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.Feature;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.table.L2Entry;
import io.github.qcow4j.qcow2.table.L2Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes the zero clusters out of L2 tables, for version 2, which has none: without a backing file
 * they become unallocated, else clusters of real zeros. Tables that have some are copied; those
 * that several L1 tables share stay shared. Part of one {@link StructureSwitch}.
 */
final class ZeroExpansion {

  private final BlockFile file;
  private final Qcow2Header header;
  private final boolean hasBacking;
  private final StructureSwitch change;
  private final ShadowRefcounts refcounts;
  private final JobControl control;
  private final Map<Long, Expanded> known = new HashMap<>();

  /**
   * A table without zero clusters.
   *
   * @param hostOffset where it is
   * @param added the clusters that it refers to and the old one does not
   * @param dropped the clusters that the old one refers to and it does not
   */
  private record Expanded(long hostOffset, List<Long> added, List<Long> dropped) {}

  ZeroExpansion(
      BlockFile file,
      Qcow2Header header,
      boolean hasBacking,
      StructureSwitch change,
      JobControl control) {
    this.file = file;
    this.header = header;
    this.hasBacking = hasBacking;
    this.change = change;
    this.refcounts = change.refcounts();
    this.control = control;
  }

  /**
   * The entries of an L1 table that leads to the tables without zero clusters, without copied
   * flags; the same array when none of them has any.
   */
  long[] expand(long[] l1) throws IOException {
    long[] expanded = l1.clone();
    boolean changed = false;
    for (int i = 0; i < l1.length; i++) {
      control.checkpoint();
      long oldOffset = l1[i] & L2Entry.OFFSET_MASK;
      if (oldOffset != 0) {
        long newOffset = expandTable(l1[i]);
        changed |= newOffset != oldOffset;
        expanded[i] = newOffset;
      }
      control.advance(1);
    }
    return changed ? expanded : l1;
  }

  private long expandTable(long l1Entry) throws IOException {
    long oldOffset = l1Entry & L2Entry.OFFSET_MASK;
    Expanded expanded = known.get(oldOffset);
    if (expanded == null) {
      expanded = expandFirst(l1Entry);
      known.put(oldOffset, expanded);
    } else if (expanded.hostOffset != oldOffset) {
      change.addTable(expanded.hostOffset, 1);
      for (long cluster : expanded.added) {
        refcounts.add(cluster, 1, 1);
      }
    }
    if (expanded.hostOffset != oldOffset) {
      change.addTable(oldOffset, -1);
      for (long cluster : expanded.dropped) {
        refcounts.add(cluster, 1, -1);
      }
    }
    return expanded.hostOffset;
  }

  private Expanded expandFirst(long l1Entry) throws IOException {
    long oldOffset = l1Entry & L2Entry.OFFSET_MASK;
    L2Table old = change.l2(l1Entry);
    long tableCount = refcounts.get(oldOffset >>> header.clusterBits());
    List<Long> added = new ArrayList<>();
    List<Long> dropped = new ArrayList<>();
    long[] entries = new long[old.size()];
    boolean changed = false;
    for (int i = 0; i < entries.length; i++) {
      entries[i] = expandEntry(old.entry(i), tableCount, added, dropped);
      changed |= entries[i] != old.entry(i);
    }
    return new Expanded(changed ? change.writeL2(entries) : oldOffset, added, dropped);
  }

  private long expandEntry(long entry, long tableCount, List<Long> added, List<Long> dropped)
      throws IOException {
    if (L2Entry.isCompressed(entry)) {
      requireZlib();
      return entry;
    } else if ((entry & L2Entry.ZERO) == 0) {
      return entry;
    }
    control.checkpoint();
    long hostOffset = entry & L2Entry.OFFSET_MASK;
    long cluster = hostOffset >>> header.clusterBits();
    if (hostOffset != 0) {
      change.overlap().requireGuestData(cluster, 1);
    }
    if (hostOffset != 0 && tableCount == 1 && refcounts.get(cluster) == 1) {
      // Nobody but this table refers to it, so nobody reads what is in it yet. Of counts that are
      // larger, and the same, it is not known who the others are.
      file.writeZeroes(hostOffset, header.clusterSize(), false);
      return entry & ~L2Entry.ZERO;
    }
    if (hostOffset != 0) {
      dropped.add(cluster);
    }
    if (!hasBacking) {
      return 0;
    }
    long fresh = refcounts.allocate(1);
    added.add(fresh);
    file.writeZeroes(fresh << header.clusterBits(), header.clusterSize(), true);
    long copied = tableCount == 1 ? L2Entry.COPIED : 0;
    return (fresh << header.clusterBits()) | copied;
  }

  /** Version 2 says nothing of how its clusters are compressed. */
  private void requireZlib() throws UnsupportedFeatureException {
    if (header.compressionType() != CompressionType.ZLIB) {
      throw new UnsupportedFeatureException(
          file.path(),
          "Cannot downgrade an image with zstd compression type and existing compressed clusters",
          Feature.COMPRESSION_TYPE.specificationName());
    }
  }
}
