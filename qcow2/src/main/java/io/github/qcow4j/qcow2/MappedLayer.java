package io.github.qcow4j.qcow2;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.cluster.ClusterMap;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.table.L1Table;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.table.TableRepeats;
import io.github.qcow4j.qcow2.write.ImageWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What one layer shows, as its structures stand between two changes of them: the active disk, or
 * what an internal snapshot holds. Looks bytes up, through the layers below where this one has
 * none, and reads its own. Safe for many threads.
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

  /** Keeps its clusters from being given to others; each time {@link #unlock} must follow. */
  void lock() {
    ImageWriter writer = writer();
    if (writer != null) {
      writer.operation().lock();
    }
  }

  void unlock() {
    ImageWriter writer = writer();
    if (writer != null) {
      writer.operation().unlock();
    }
  }

  /** Fills {@code target} with what this layer itself has there. */
  void readOwn(Mapping mapping, ByteBuffer target) throws IOException {
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
    } else {
      ZeroBytes.fill(target);
    }
  }

  /** The layer below, or null where there is none or it does not reach so far. */
  @Nullable DiskImage backingAt(long guestOffset) {
    DiskImage backing = parts.backing();
    return backing == null || guestOffset >= backing.virtualSize() ? null : backing;
  }

  /**
   * What stands at a guest offset within the disk, {@code maxBytes} not reaching past its end.
   * Layer by layer, as {@link ChainRead} does.
   */
  Extent extentAt(long guestOffset, long maxBytes) throws IOException {
    MappedLayer layer = this;
    long lengthBytes = maxBytes;
    int depth = 0;
    while (true) {
      Mapping mapping = layer.mapping(guestOffset, lengthBytes);
      DiskImage below =
          mapping instanceof Mapping.Unallocated ? layer.backingAt(guestOffset) : null;
      if (below == null) {
        return extent(guestOffset, mapping, depth);
      }
      depth++;
      lengthBytes = Math.min(mapping.lengthBytes(), below.virtualSize() - guestOffset);
      if (!(below instanceof Qcow2Image image)) {
        return below.extentAt(guestOffset, lengthBytes).atDepth(depth);
      }
      layer = image.layer();
    }
  }

  private static Extent extent(long guestOffset, Mapping mapping, int depth) {
    Extent.Kind kind = Extent.Kind.COMPRESSED;
    long hostOffset = -1;
    if (mapping instanceof Mapping.Data data) {
      kind = Extent.Kind.DATA;
      hostOffset = data.hostOffset();
    } else if (mapping instanceof Mapping.Zero zero) {
      kind = Extent.Kind.ZERO;
      hostOffset = zero.hostOffset();
    } else if (mapping instanceof Mapping.Unallocated nothing) {
      kind = Extent.Kind.UNALLOCATED;
      hostOffset = nothing.hostOffset();
    }
    return new Extent(guestOffset, mapping.lengthBytes(), depth, kind, hostOffset);
  }

  /** What this layer itself says of a guest offset. */
  Mapping mapping(long guestOffset, long maxBytes) throws IOException {
    ImageWriter writer = writer();
    return writer == null ? map().map(guestOffset, maxBytes) : writer.map(guestOffset, maxBytes);
  }

  /** Requires that the L1 table can be read; a writer has read its own. */
  void requireL1Table() throws IOException {
    if (writer() == null) {
      map();
    }
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

  /** A snapshot's repeats are its own, or who looks at one after the other would add them up. */
  private L1Table loadL1() throws IOException {
    InternalSnapshot view = snapshot;
    return view == null
        ? L1Table.load(
            file,
            header,
            header.l1TableOffset(),
            header.l1Entries(),
            "active L1 table",
            parts.shared().repeats())
        : L1Table.load(
            file,
            header,
            view.l1TableOffset(),
            view.l1Entries(),
            "L1 table of snapshot " + view.id(),
            new TableRepeats());
  }
}
