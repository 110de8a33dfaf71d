package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Knows where the metadata stood when the image was opened, and refuses to hand such a cluster out
 * as free: refcounts that call it free are wrong, and believing them would destroy the image.
 * Metadata made later is counted correctly by whoever made it.
 *
 * <p>It refuses an image, too, in which structures of two kinds stand in one place. Whoever writes
 * the one destroys the other, and may only learn of it in the midst of a change. What the tables of
 * snapshots lead to is too much to be known here; so what is written in its place has to be counted
 * once, which says that nobody else has it.
 */
final class MetadataOverlap implements ClusterAllocator.OverlapGuard {

  /** A repair mends a counter that is wrong, but not what refers to a cluster a second time. */
  private static final String COUNTED_TOO_OFTEN =
      "The cluster at offset 0x%x is that of %s, and counted more than once; check -r all mends it"
          + " if the count is wrong";

  private static final String BLOCK = "a refcount block";
  private static final String L2_OR_BLOCK = "an L2 table or a refcount block";
  private static final String HEADER = "header";
  private static final String SNAPSHOT_TABLE = "snapshot table";
  private static final String BITMAP_TABLE = "table of bitmap ";

  /**
   * What nobody else may have: first of all what is changed where it stands, other than all else
   * that is replaced by a copy. The header's cluster has room for a compressed one, and is written
   * as a whole. The snapshot table is given back when the copied flags have been made for what is
   * left: an entry that has its cluster too would be alone there then, without the flag.
   */
  private static final Set<String> ALONE =
      Set.of(
          HEADER,
          "active L1 table",
          "refcount table",
          SNAPSHOT_TABLE,
          "bitmap directory",
          BITMAP_TABLE);

  private final Path image;
  private final int clusterBits;

  /** By their first clusters; no two have a cluster in common. */
  private final NavigableMap<Long, Area> areas = new TreeMap<>();

  /** Sorted, and no set: there can be four million. */
  private long[] l2Clusters = {};

  /** Sorted. */
  private long[] blockClusters = {};

  /** Of those, what was given back. */
  private final Set<Long> forgotten = new HashSet<>();

  private @Nullable CorruptImageException sharing;

  /** How often clusters are counted. */
  @FunctionalInterface
  interface Counts {
    long of(long cluster) throws IOException;
  }

  /**
   * The clusters of one structure.
   *
   * @param owner which one of its kind, or nothing when there is only one
   */
  private record Area(String kind, String owner, long firstCluster, long endCluster) {

    String name() {
      return "the " + kind + owner;
    }

    boolean holds(long cluster) {
      return firstCluster <= cluster && cluster < endCluster;
    }
  }

  MetadataOverlap(Path image, Qcow2Header header) {
    this.image = image;
    this.clusterBits = header.clusterBits();
    addArea(HEADER, "", 0, header.clusterSize());
    addArea("active L1 table", "", header.l1TableOffset(), (long) header.l1Entries() * Long.BYTES);
    addArea(
        "refcount table",
        "",
        header.refcountTableOffset(),
        (long) header.refcountTableClusters() << clusterBits);
    BitmapsExtension bitmaps = header.extensions().bitmaps();
    if (bitmaps != null) {
      addArea("bitmap directory", "", bitmaps.directoryOffset(), bitmaps.directoryBytes());
    }
    EncryptionHeader encryption = header.extensions().encryptionHeader();
    if (encryption != null) {
      addArea("LUKS header", "", encryption.hostOffset(), encryption.lengthBytes());
    }
  }

  /** Adds the L2 tables of the active L1 table, and the refcount blocks. */
  void addTables(L1Table l1, RefcountStore refcounts) {
    l2Clusters = clusters(l1.size(), l1::l2Offset);
    blockClusters = clusters(refcounts.tableEntries(), refcounts::blockOffset);
    for (long cluster : blockClusters) {
      if (Arrays.binarySearch(l2Clusters, cluster) >= 0) {
        shared(cluster, "an L2 table", BLOCK);
      }
    }
  }

  private long[] clusters(int entries, IntToLongFunction hostOffset) {
    long[] clusters = new long[entries];
    int count = 0;
    for (int i = 0; i < entries; i++) {
      if (hostOffset.applyAsLong(i) != 0) {
        clusters[count++] = hostOffset.applyAsLong(i) >>> clusterBits;
      }
    }
    Arrays.sort(clusters, 0, count);
    return count == entries ? clusters : Arrays.copyOf(clusters, count);
  }

  /**
   * Adds the snapshot table, and the L1 tables of the snapshots; but for those that are larger than
   * any may be, which are refused when somebody comes to them.
   */
  void addSnapshots(Qcow2Header header, List<InternalSnapshot> snapshots, long tableBytes) {
    addArea(SNAPSHOT_TABLE, "", header.snapshotsOffset(), tableBytes);
    for (InternalSnapshot snapshot : snapshots) {
      long bytes = (long) snapshot.l1Entries() * Long.BYTES;
      if (bytes <= FormatLimits.MAX_L1_BYTES) {
        addArea("L1 table of snapshot ", snapshot.id(), snapshot.l1TableOffset(), bytes);
      }
    }
  }

  /** Adds the tables of the bitmaps. */
  void addBitmaps(List<Bitmap> bitmaps) {
    for (Bitmap bitmap : bitmaps) {
      addArea(
          BITMAP_TABLE,
          bitmap.name(),
          bitmap.tableOffset(),
          (long) bitmap.tableEntries() * Long.BYTES);
    }
  }

  /**
   * Structures of the same kind may share a place, and are one area then: who gives up one of two
   * that are equal takes one from the counter of each cluster. But not what has to be alone.
   */
  private void addArea(String kind, String owner, long hostOffset, long bytes) {
    if (bytes <= 0) {
      return;
    }
    long first = hostOffset >>> clusterBits;
    long end = (hostOffset + bytes + (1L << clusterBits) - 1) >>> clusterBits;
    for (Area other = lastBefore(end);
        other != null && first < other.endCluster;
        other = lastBefore(end)) {
      if (!kind.equals(other.kind) || ALONE.contains(kind)) {
        Area area = new Area(kind, owner, first, end);
        shared(Math.max(first, other.firstCluster), other.name(), area.name());
      }
      areas.remove(other.firstCluster);
      first = Math.min(first, other.firstCluster);
      end = Math.max(end, other.endCluster);
    }
    areas.put(first, new Area(kind, owner, first, end));
  }

  private @Nullable Area lastBefore(long endCluster) {
    Map.Entry<Long, Area> entry = areas.lowerEntry(endCluster);
    return entry == null ? null : entry.getValue();
  }

  /**
   * Requires that structures of different kinds stand apart, when all have been added.
   *
   * @throws CorruptImageException when two have a cluster in common
   */
  void requireApart() throws CorruptImageException {
    for (Area area : areas.values()) {
      for (long[] tables : List.of(l2Clusters, blockClusters)) {
        int found = Arrays.binarySearch(tables, area.firstCluster);
        int next = found < 0 ? -found - 1 : found;
        if (next < tables.length && area.holds(tables[next])) {
          shared(tables[next], area.name(), L2_OR_BLOCK);
        }
      }
    }
    if (sharing != null) {
      throw sharing;
    }
  }

  /**
   * Requires of what is changed in its place, and of the snapshot table, that it is nobody else's.
   *
   * @param counts how often each is counted
   * @param ofBlocks the same, asked for one cluster of each refcount block: there may be thousands
   *     of these, while bitmaps by the thousand have their tables side by side
   * @throws CorruptImageException when a cluster of it is counted more than once
   */
  void requireUnshared(Counts counts, Counts ofBlocks) throws IOException {
    for (Area area : areas.values()) {
      for (long cluster = area.firstCluster;
          cluster < area.endCluster && ALONE.contains(area.kind);
          cluster++) {
        requireCountedOnce(cluster, area, counts);
      }
    }
    for (long cluster : blockClusters) {
      if (!forgotten.contains(cluster)) {
        requireCountedOnce(cluster, null, ofBlocks);
      }
    }
  }

  /**
   * Or not at all: then it is not handed out either, as it is known here.
   *
   * @param area where it is, or null for a refcount block
   */
  private void requireCountedOnce(long cluster, @Nullable Area area, Counts counts)
      throws IOException {
    long count = counts.of(cluster);
    if (count != 0 && count != 1) {
      throw corrupt(
          COUNTED_TOO_OFTEN, cluster, area == null ? BLOCK : area.name(), "refcount block");
    }
  }

  /**
   * Requires that an L2 table that is to become one of the disk's stands apart from other metadata.
   *
   * @param l2Offset where it is
   * @throws CorruptImageException when it does not
   */
  void requireTableApart(long l2Offset) throws CorruptImageException {
    long cluster = l2Offset >>> clusterBits;
    Area area = areaOf(cluster);
    boolean block = Arrays.binarySearch(blockClusters, cluster) >= 0;
    if (area != null || block) {
      String other = area == null ? BLOCK : area.name();
      throw asTwo(cluster, "an L2 table", other);
    }
  }

  private CorruptImageException asTwo(long cluster, String one, String other) {
    return corrupt(
        "The cluster at offset 0x%x is named as two structures: %s",
        cluster, one + " and " + other, "cluster");
  }

  private void shared(long cluster, String one, String other) {
    if (sharing == null) {
      sharing = asTwo(cluster, one, other);
    }
  }

  /** Says that clusters were given back properly, and may be handed out again. */
  void forget(long cluster) {
    if (isTable(cluster)) {
      forgotten.add(cluster);
    }
    Area area = areaOf(cluster);
    if (area != null) {
      areas.remove(area.firstCluster);
    }
  }

  @Override
  public void requireNoMetadata(long firstCluster, long count) throws CorruptImageException {
    for (long cluster = firstCluster; cluster < firstCluster + count; cluster++) {
      String metadata = metadataIn(cluster);
      if (metadata != null) {
        throw corrupt(
            "Refcounts call the cluster at offset 0x%x free, but %s stands there; run check -r all"
                + " first",
            cluster, metadata, "refcount block");
      }
    }
  }

  /**
   * Refuses clusters that a table calls the guest's own and that metadata occupies: what the guest
   * writes would be the image's tables then.
   */
  void requireGuestData(long firstCluster, long count) throws CorruptImageException {
    for (long cluster = firstCluster; cluster < firstCluster + count; cluster++) {
      String metadata = metadataIn(cluster);
      if (metadata != null) {
        throw corrupt(
            "The cluster at offset 0x%x is called guest data, but %s stands there",
            cluster, metadata, "L2 table");
      }
    }
  }

  /**
   * Refuses a cluster that a bitmap calls its bits and that metadata occupies, or that something
   * else has too: it would be given back with them.
   *
   * @param references how often it is given back
   */
  void requireBitmapData(long cluster, long references, Counts counts) throws IOException {
    String metadata = metadataIn(cluster);
    if (metadata != null) {
      throw corrupt(
          "The cluster at offset 0x%x is called data of a bitmap, but %s stands there",
          cluster, metadata, "bitmap table");
    }
    if (Long.compareUnsigned(counts.of(cluster), references) > 0) {
      throw corrupt(COUNTED_TOO_OFTEN, cluster, "data of a bitmap", "refcount block");
    }
  }

  /** What metadata is known to stand in a cluster, or null. */
  @Nullable String metadataIn(long cluster) {
    if (isTable(cluster) && !forgotten.contains(cluster)) {
      return L2_OR_BLOCK;
    }
    Area area = areaOf(cluster);
    return area == null ? null : area.name();
  }

  /** The first cluster from {@code from} on in which metadata are known to stand, or the end. */
  long firstMetadata(long from, long end) {
    long first = end;
    Map.Entry<Long, Area> area = areas.floorEntry(from);
    if (area != null && area.getValue().holds(from)) {
      return Math.min(from, end);
    }
    area = areas.higherEntry(from);
    if (area != null) {
      first = Math.min(first, area.getKey());
    }
    for (long[] tables : List.of(l2Clusters, blockClusters)) {
      int found = Arrays.binarySearch(tables, from);
      for (int i = found < 0 ? -found - 1 : found; i < tables.length && tables[i] < first; i++) {
        if (!forgotten.contains(tables[i])) {
          first = tables[i];
        }
      }
    }
    return first;
  }

  @Override
  public boolean isMetadata(long cluster) {
    return metadataIn(cluster) != null;
  }

  private boolean isTable(long cluster) {
    return Arrays.binarySearch(l2Clusters, cluster) >= 0
        || Arrays.binarySearch(blockClusters, cluster) >= 0;
  }

  private @Nullable Area areaOf(long cluster) {
    Area area = lastBefore(cluster + 1);
    return area != null && area.holds(cluster) ? area : null;
  }

  private CorruptImageException corrupt(
      String format, long cluster, String metadata, String structure) {
    long hostOffset = cluster << clusterBits;
    return new CorruptImageException(
        image, format.formatted(hostOffset, metadata), structure, hostOffset);
  }
}
