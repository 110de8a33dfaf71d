package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.qcow2.bitmap.Bitmap;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.refcount.ClusterAllocator;
import io.github.qcow4j.qcow2.refcount.RefcountStore;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Knows where the metadata stood when the image was opened, and refuses to hand such a cluster out
 * as free: refcounts that call it free are wrong, and believing them would destroy the image.
 * Metadata made later is counted correctly by whoever made it.
 */
final class MetadataOverlap implements ClusterAllocator.OverlapGuard {

  private final Path image;
  private final int clusterBits;
  private final List<Area> areas = new ArrayList<>();
  private final Set<Long> clusters = new HashSet<>();

  private record Area(String name, long firstCluster, long endCluster) {}

  MetadataOverlap(Path image, Qcow2Header header) {
    this.image = image;
    this.clusterBits = header.clusterBits();
    addArea("header", 0, header.clusterSize());
    addArea("active L1 table", header.l1TableOffset(), (long) header.l1Entries() * Long.BYTES);
    addArea(
        "refcount table",
        header.refcountTableOffset(),
        (long) header.refcountTableClusters() << clusterBits);
    BitmapsExtension bitmaps = header.extensions().bitmaps();
    if (bitmaps != null) {
      addArea("bitmap directory", bitmaps.directoryOffset(), bitmaps.directoryBytes());
    }
    EncryptionHeader encryption = header.extensions().encryptionHeader();
    if (encryption != null) {
      addArea("LUKS header", encryption.hostOffset(), encryption.lengthBytes());
    }
  }

  /** Adds the L2 tables of the active L1 table, and the refcount blocks. */
  void addTables(L1Table l1, RefcountStore refcounts) {
    for (int i = 0; i < l1.size(); i++) {
      addCluster(l1.l2Offset(i));
    }
    for (int i = 0; i < refcounts.tableEntries(); i++) {
      addCluster(refcounts.blockOffset(i));
    }
  }

  /** Adds the snapshot table, and the L1 tables of the snapshots. */
  void addSnapshots(Qcow2Header header, List<InternalSnapshot> snapshots, long tableBytes) {
    addArea("snapshot table", header.snapshotsOffset(), tableBytes);
    for (InternalSnapshot snapshot : snapshots) {
      addArea(
          "L1 table of snapshot " + snapshot.id(),
          snapshot.l1TableOffset(),
          (long) snapshot.l1Entries() * Long.BYTES);
    }
  }

  /** Adds the tables of the bitmaps. */
  void addBitmaps(List<Bitmap> bitmaps) {
    for (Bitmap bitmap : bitmaps) {
      addArea(
          "table of bitmap " + bitmap.name(),
          bitmap.tableOffset(),
          (long) bitmap.tableEntries() * Long.BYTES);
    }
  }

  private void addArea(String name, long hostOffset, long bytes) {
    if (bytes > 0) {
      long end = (hostOffset + bytes + (1L << clusterBits) - 1) >>> clusterBits;
      areas.add(new Area(name, hostOffset >>> clusterBits, end));
    }
  }

  private void addCluster(long hostOffset) {
    if (hostOffset != 0) {
      clusters.add(hostOffset >>> clusterBits);
    }
  }

  /** Says that clusters were given back properly, and may be handed out again. */
  void forget(long cluster) {
    clusters.remove(cluster);
    areas.removeIf(area -> area.firstCluster <= cluster && cluster < area.endCluster);
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

  /** What metadata is known to stand in a cluster, or null. */
  @Nullable String metadataIn(long cluster) {
    if (clusters.contains(cluster)) {
      return "an L2 table or a refcount block";
    }
    for (Area area : areas) {
      if (area.firstCluster <= cluster && cluster < area.endCluster) {
        return "the " + area.name;
      }
    }
    return null;
  }

  private CorruptImageException corrupt(
      String format, long cluster, String metadata, String structure) {
    long hostOffset = cluster << clusterBits;
    return new CorruptImageException(
        image, format.formatted(hostOffset, metadata), structure, hostOffset);
  }
}
