package io.github.qcow4j.qcow2;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.cluster.ClusterMap;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one layer shows, as its structures stand between two changes of them: the active disk, or
 * what an internal snapshot holds. Looks bytes up and reads them, through the layers below where
 * this one has none. Safe for many threads.
 */
final class MappedLayer {

  private final BlockFile file;
  private final Qcow2Header header;
  private final Qcow2Image.Parts parts;
  private final long virtualSize;
  private final @Nullable InternalSnapshot snapshot;

  @GuardedBy("this")
  private @Nullable ClusterMap map;

  /**
   * @param virtualSize how much of it is shown, in bytes
   * @param snapshot whose contents are shown, or null for the active disk
   */
  MappedLayer(
      BlockFile file,
      Qcow2Header header,
      Qcow2Image.Parts parts,
      long virtualSize,
      @Nullable InternalSnapshot snapshot) {
    this.file = file;
    this.header = header;
    this.parts = parts;
    this.virtualSize = virtualSize;
    this.snapshot = snapshot;
  }

  Qcow2Header header() {
    return header;
  }

  Qcow2Image.Parts parts() {
    return parts;
  }

  long virtualSize() {
    return virtualSize;
  }

  /** Whether an internal snapshot is shown, which never changes. */
  boolean isSnapshot() {
    return snapshot != null;
  }

  /** An internal snapshot never changes, whoever writes to the disk. */
  @Nullable ImageWriter writer() {
    return snapshot == null ? parts.writer() : null;
  }

  BlockFile dataFile() {
    return parts.dataFile() == null ? file : parts.dataFile();
  }

  /** Fills {@code target}; the range lies within the disk. */
  void read(long guestOffset, ByteBuffer target) throws IOException {
    ImageWriter writer = writer();
    if (writer == null) {
      readRange(guestOffset, target);
      return;
    }
    // Clusters looked up here must not be given to others before they are read.
    writer.operation().lock();
    try {
      readRange(guestOffset, target);
    } finally {
      writer.operation().unlock();
    }
  }

  private void readRange(long guestOffset, ByteBuffer target) throws IOException {
    int end = target.limit();
    long position = guestOffset;
    while (target.position() < end) {
      Mapping mapping = mapping(position, end - target.position());
      ByteBuffer part = target.slice(target.position(), (int) mapping.lengthBytes());
      try {
        readMapped(mapping, position, part);
      } finally {
        target.position(target.position() + part.position());
      }
      position += mapping.lengthBytes();
    }
  }

  private void readMapped(Mapping mapping, long guestOffset, ByteBuffer target) throws IOException {
    ImageWriter writer = parts.writer();
    // No switch over types: each has to be linked at every start, which takes a millisecond or two.
    if (mapping instanceof Mapping.Data data) {
      dataFile().readPadded(target, data.hostOffset());
    } else if (mapping instanceof Mapping.Compressed compressed) {
      parts
          .shared()
          .decoders()
          .read(
              file,
              header.compressionType(),
              header.clusterSize(),
              writer == null ? 0 : writer.compressedGeneration(),
              compressed,
              target);
    } else if (mapping instanceof Mapping.Unallocated) {
      readBacking(guestOffset, target);
    } else {
      ZeroBytes.fill(target);
    }
  }

  /** What the backing file does not reach reads as zeros. */
  private void readBacking(long guestOffset, ByteBuffer target) throws IOException {
    DiskImage backing = parts.backing();
    if (backing != null && guestOffset < backing.virtualSize()) {
      int inside = (int) Math.min(target.remaining(), backing.virtualSize() - guestOffset);
      ByteBuffer part = target.slice(target.position(), inside);
      try {
        backing.read(guestOffset, part);
      } finally {
        target.position(target.position() + part.position());
      }
    }
    ZeroBytes.fill(target);
  }

  /** What stands at a guest offset within the disk, {@code maxBytes} not reaching past its end. */
  Extent extentAt(long guestOffset, long maxBytes) throws IOException {
    Mapping mapping = mapping(guestOffset, maxBytes);
    long length = mapping.lengthBytes();
    if (mapping instanceof Mapping.Data data) {
      return new Extent(guestOffset, length, 0, Extent.Kind.DATA, data.hostOffset());
    } else if (mapping instanceof Mapping.Zero zero) {
      return new Extent(guestOffset, length, 0, Extent.Kind.ZERO, zero.hostOffset());
    } else if (mapping instanceof Mapping.Unallocated nothing) {
      return backingExtent(guestOffset, nothing);
    }
    return new Extent(guestOffset, length, 0, Extent.Kind.COMPRESSED, -1);
  }

  private Extent backingExtent(long guestOffset, Mapping.Unallocated nothing) throws IOException {
    DiskImage backing = parts.backing();
    if (backing == null || guestOffset >= backing.virtualSize()) {
      return new Extent(
          guestOffset, nothing.lengthBytes(), 0, Extent.Kind.UNALLOCATED, nothing.hostOffset());
    }
    long inside = Math.min(nothing.lengthBytes(), backing.virtualSize() - guestOffset);
    return backing.extentAt(guestOffset, inside).oneLayerUp();
  }

  private Mapping mapping(long guestOffset, long maxBytes) throws IOException {
    ImageWriter writer = writer();
    return writer == null ? map().map(guestOffset, maxBytes) : writer.map(guestOffset, maxBytes);
  }

  /** The cluster map; its L1 table is loaded when it is first needed. */
  private synchronized ClusterMap map() throws IOException {
    if (map == null) {
      map = new ClusterMap(file, header, loadL1(), l2Cache(), file::size);
    }
    return map;
  }

  /**
   * Where the image changes, a view of a snapshot knows only what it has read itself: the tables of
   * another that is deleted by now may have stood where its own stand.
   */
  private L2Cache l2Cache() {
    return parts.writer() == null
        ? parts.shared().l2Cache()
        : new L2Cache(L2Cache.DEFAULT_BUDGET_BYTES);
  }

  private L1Table loadL1() throws IOException {
    InternalSnapshot view = snapshot;
    return view == null
        ? L1Table.load(
            file,
            header.l1TableOffset(),
            header.l1Entries(),
            header.clusterSize(),
            "active L1 table")
        : L1Table.load(
            file,
            view.l1TableOffset(),
            view.l1Entries(),
            header.clusterSize(),
            "L1 table of snapshot " + view.id());
  }
}
