package io.github.qcow4j.qcow2.table;

import io.github.qcow4j.nativeio.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The clusters of one kind of metadata, L2 tables or refcount blocks, of an image that is being
 * written: those last used, and all that were changed and not yet written back.
 *
 * <p>When changed clusters reach the disk is not decided here; {@link #writeDirty} is called when
 * their turn has come. Not safe for several threads: guarded by the image's metadata lock.
 */
public final class MetadataPages {

  private final BlockFile file;
  private final String name;
  private final int clusterSize;
  private final long budgetBytes;
  private final LinkedHashMap<Long, Page> pages = new LinkedHashMap<>(16, 0.75f, true);
  private long dirtyBytes;
  private @Nullable IOException refusal;

  /**
   * Prepares an empty cache.
   *
   * @param file the image
   * @param name what to call one of these clusters in an error
   * @param clusterSize its cluster size in bytes
   * @param budgetBytes how much to hold; changed clusters are held whatever it says
   */
  public MetadataPages(BlockFile file, String name, int clusterSize, long budgetBytes) {
    this.file = file;
    this.name = name;
    this.clusterSize = clusterSize;
    this.budgetBytes = budgetBytes;
  }

  /** One cluster of metadata in memory. */
  public static final class Page {

    private final long hostOffset;
    private final byte[] bytes;
    private boolean dirty;

    private Page(long hostOffset, byte[] bytes) {
      this.hostOffset = hostOffset;
      this.bytes = bytes;
    }

    /** Where the cluster stands in the file. */
    public long hostOffset() {
      return hostOffset;
    }

    /** Its bytes, not a copy; after a change {@link MetadataPages#markDirty} must be called. */
    public byte[] bytes() {
      return bytes;
    }
  }

  /**
   * The cluster at a host offset, from memory or from the file.
   *
   * @param hostOffset its place as an entry of the image says it, whatever that is
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when nothing can stand there
   */
  public Page get(long hostOffset) throws IOException {
    Page held = pages.get(hostOffset);
    if (held != null) {
      return held;
    }
    TableBounds.requirePossible(file, hostOffset, clusterSize, name);
    byte[] bytes = new byte[clusterSize];
    file.readPadded(ByteBuffer.wrap(bytes), hostOffset);
    return hold(new Page(hostOffset, bytes));
  }

  /** A new cluster of zeros, changed from the start; what the file holds there does not matter. */
  public Page create(long hostOffset) {
    forget(hostOffset);
    Page page = hold(new Page(hostOffset, new byte[clusterSize]));
    markDirty(page);
    return page;
  }

  /**
   * A new cluster as {@link #create} makes it, whose storage is taken at once: when the disk is
   * full that is found out before anything counts on the cluster, and not when it is written back.
   */
  public Page createStored(long hostOffset) throws IOException {
    try {
      file.write(ByteBuffer.allocate(clusterSize), hostOffset);
    } catch (IOException e) {
      refusal = e;
      throw e;
    }
    return create(hostOffset);
  }

  /** Whether that failure was one of {@link #createStored}, which changed nothing then. */
  public boolean isRefusal(IOException failure) {
    return failure.equals(refusal);
  }

  /** Says that the bytes of a cluster were changed. */
  public void markDirty(Page page) {
    if (!page.dirty) {
      page.dirty = true;
      dirtyBytes += clusterSize;
    }
  }

  /** Whether a cluster was changed and not yet written back. */
  public boolean isDirty(long hostOffset) {
    Page page = pages.get(hostOffset);
    return page != null && page.dirty;
  }

  /** Drops a cluster that is no longer metadata, changed or not. */
  public void forget(long hostOffset) {
    Page page = pages.remove(hostOffset);
    if (page != null && page.dirty) {
      dirtyBytes -= clusterSize;
    }
  }

  /** How many bytes wait to be written back. */
  public long dirtyBytes() {
    return dirtyBytes;
  }

  /**
   * Writes all changed clusters back, in the order of the file; not durable on return. When it
   * fails, those not written stay changed.
   */
  public void writeDirty() throws IOException {
    List<Page> dirty = new ArrayList<>();
    for (Page page : pages.values()) {
      if (page.dirty) {
        dirty.add(page);
      }
    }
    dirty.sort(Comparator.comparingLong(Page::hostOffset));
    for (Page page : dirty) {
      file.write(ByteBuffer.wrap(page.bytes), page.hostOffset);
      page.dirty = false;
      dirtyBytes -= clusterSize;
    }
    evict();
  }

  private Page hold(Page page) {
    pages.put(page.hostOffset, page);
    evict();
    return page;
  }

  /**
   * Lets go of clean clusters beyond the budget, those unused longest first; never of the newest.
   */
  private void evict() {
    long excess = (long) pages.size() * clusterSize - Math.max(budgetBytes, clusterSize);
    Iterator<Page> eldest = pages.values().iterator();
    for (int left = pages.size(); excess > 0 && left > 1; left--) {
      if (!eldest.next().dirty) {
        eldest.remove();
        excess -= clusterSize;
      }
    }
  }
}
