package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.RefcountTable;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where all metadata but L2 tables are said to stand: nothing may be written there in the belief
 * that it is an L2 table.
 */
final class MetadataPlaces {

  private final int clusterBits;
  private final List<Place> places = new ArrayList<>();
  private final Place activeL1;
  private long[] blockClusters = {};

  /** The places but the active L1 table, by their first clusters, with their ends; none overlap. */
  private @Nullable NavigableMap<Long, Long> merged;

  /** Takes one place after the other. */
  @FunctionalInterface
  interface Visitor {
    void place(String name, long firstCluster, long endCluster) throws IOException;
  }

  private record Place(String name, long firstCluster, long endCluster) {

    boolean overlaps(Place other) {
      return firstCluster < other.endCluster && other.firstCluster < endCluster;
    }
  }

  MetadataPlaces(
      Qcow2Header header,
      List<InternalSnapshot> snapshots,
      long snapshotTableBytes,
      List<Bitmap> bitmaps) {
    this.clusterBits = header.clusterBits();
    this.activeL1 = place("L1 table", header.l1TableOffset(), l1Bytes(header.l1Entries()));
    add("header", 0, header.clusterSize());
    add(
        "refcount table",
        header.refcountTableOffset(),
        (long) header.refcountTableClusters() * header.clusterSize());
    add("snapshot table", header.snapshotsOffset(), snapshotTableBytes);
    for (InternalSnapshot snapshot : snapshots) {
      add("snapshot's L1 table", snapshot.l1TableOffset(), l1Bytes(snapshot.l1Entries()));
    }
    BitmapsExtension extension = header.extensions().bitmaps();
    if (extension != null) {
      add("bitmap directory", extension.directoryOffset(), extension.directoryBytes());
    }
    for (Bitmap bitmap : bitmaps) {
      add("bitmap table", bitmap.tableOffset(), l1Bytes(bitmap.tableEntries()));
    }
    EncryptionHeader encryption = header.extensions().encryptionHeader();
    if (encryption != null) {
      add("encryption header", encryption.hostOffset(), encryption.lengthBytes());
    }
  }

  /** Adds the refcount blocks. */
  void addBlocks(RefcountTable table) {
    long[] clusters = new long[table.size()];
    int count = 0;
    for (int i = 0; i < table.size(); i++) {
      if (table.blockOffset(i) != 0) {
        clusters[count++] = table.blockOffset(i) >>> clusterBits;
      }
    }
    blockClusters = Arrays.copyOf(clusters, count);
    Arrays.sort(blockClusters);
  }

  private static long l1Bytes(int entries) {
    return Integer.toUnsignedLong(entries) * Long.BYTES;
  }

  private Place place(String name, long hostOffset, long bytes) {
    long end = Math.min(Math.max(0, hostOffset), Long.MAX_VALUE - bytes) + bytes;
    return new Place(name, hostOffset >>> clusterBits, ((end - 1) >>> clusterBits) + 1);
  }

  private void add(String name, long hostOffset, long bytes) {
    if (bytes > 0) {
      places.add(place(name, hostOffset, bytes));
    }
  }

  /** Whether an L2 table at a host offset would stand on other metadata. */
  boolean holdsOther(long hostOffset) {
    Place table = place("L2 table", hostOffset, 1L << clusterBits);
    return table.overlaps(activeL1) || overlapsOther(table);
  }

  /** All places but refcount blocks. */
  void forEach(Visitor visitor) throws IOException {
    visitor.place(activeL1.name, activeL1.firstCluster, activeL1.endCluster);
    for (Place place : places) {
      visitor.place(place.name, place.firstCluster, place.endCluster);
    }
  }

  /** Whether the active L1 table shares a cluster with other metadata. */
  boolean activeL1IsShared() {
    return overlapsOther(activeL1);
  }

  private boolean overlapsPlaces(Place wanted) {
    if (merged == null) {
      merged = merge();
    }
    Map.Entry<Long, Long> before = merged.lowerEntry(wanted.endCluster);
    return before != null && before.getValue() > wanted.firstCluster;
  }

  private NavigableMap<Long, Long> merge() {
    NavigableMap<Long, Long> ends = new TreeMap<>();
    for (Place place : places) {
      ends.merge(place.firstCluster, place.endCluster, Math::max);
    }
    NavigableMap<Long, Long> disjoint = new TreeMap<>();
    long begin = 0;
    long end = 0;
    for (Map.Entry<Long, Long> place : ends.entrySet()) {
      if (place.getKey() > end) {
        begin = place.getKey();
      }
      end = Math.max(end, place.getValue());
      disjoint.put(begin, end);
    }
    return disjoint;
  }

  private boolean overlapsOther(Place wanted) {
    int index = Arrays.binarySearch(blockClusters, wanted.firstCluster);
    int next = index < 0 ? -index - 1 : index;
    return (next < blockClusters.length && blockClusters[next] < wanted.endCluster)
        || overlapsPlaces(wanted);
  }
}
