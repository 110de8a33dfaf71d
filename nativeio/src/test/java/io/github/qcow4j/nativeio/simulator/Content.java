package io.github.qcow4j.nativeio.simulator;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one file: pages by index, and a length. The pages are shared between the present,
 * the history and all crash states, and a content can lie over another one that stays as it is
 * meanwhile. Not safe for threads; the volume guards it.
 */
final class Content {

  private final @Nullable Content base;

  /** Above a base, {@link Page#HOLE} stands for "no page here, whatever lies below". */
  private final TreeMap<Long, Page> pages = new TreeMap<>();

  private long size;
  private long allocatedPages;

  /** 0 when not known. */
  private long hash;

  Content() {
    this.base = null;
  }

  /** An overlay; {@code base} must not change while this is in use. */
  Content(Content base) {
    this.base = base;
    this.size = base.size;
    this.allocatedPages = base.allocatedPages;
  }

  /** A content of its own with the same bytes. */
  Content copy() {
    Content copy = new Content();
    for (long index = nextPage(0); index >= 0; index = nextPage(index + 1)) {
      copy.put(index, page(index));
    }
    copy.size = size;
    return copy;
  }

  long size() {
    return size;
  }

  long allocatedPages() {
    return allocatedPages;
  }

  /** The same for the same bytes, whatever they lie over and whether zeros take storage. */
  long contentHash() {
    return pagesHash() ^ Page.mix(size);
  }

  private long pagesHash() {
    if (hash == 0) {
      long sum = base == null ? 0 : base.pagesHash();
      for (Map.Entry<Long, Page> entry : pages.entrySet()) {
        long index = entry.getKey();
        Page below = base == null ? Page.HOLE : base.page(index);
        sum ^= below.hashAt(index) ^ entry.getValue().hashAt(index);
      }
      hash = sum == 0 ? 1 : sum;
    }
    return hash == 1 ? 0 : hash;
  }

  Page page(long index) {
    Page page = pages.get(index);
    if (page != null) {
      return page;
    }
    return base == null ? Page.HOLE : base.page(index);
  }

  void put(long index, Page page) {
    Page old = page(index);
    if (old == page) {
      return;
    }
    allocatedPages += page.storage() - old.storage();
    hash = 0;
    if (page.isHole() && (base == null || base.page(index).isHole())) {
      pages.remove(index);
    } else {
      pages.put(index, page);
    }
  }

  /** The first page at or after {@code index} that is there, or -1. */
  long nextPage(long index) {
    long at = index;
    while (true) {
      Map.Entry<Long, Page> own = pages.ceilingEntry(at);
      long below = base == null ? -1 : base.nextPage(at);
      if (own == null || (below >= 0 && below < own.getKey())) {
        return below;
      } else if (!own.getValue().isHole()) {
        return own.getKey();
      }
      at = own.getKey() + 1;
    }
  }

  int read(ByteBuffer target, long offset) {
    if (offset >= size) {
      return 0;
    }
    int length = (int) Math.min(target.remaining(), size - offset);
    int done = 0;
    while (done < length) {
      long position = offset + done;
      int inPage = (int) (position % Page.BYTES);
      int step = Math.min(Page.BYTES - inPage, length - done);
      page(position / Page.BYTES).copyTo(target, inPage, step);
      done += step;
    }
    return length;
  }

  void setSize(long newSize) {
    if (newSize < size) {
      dropFrom(newSize);
    }
    size = newSize;
  }

  /** Zeroes what lies past the end: a page on disk may hold bytes of a length that was lost. */
  void trim() {
    dropFrom(size);
  }

  private void dropFrom(long end) {
    long index = end / Page.BYTES;
    int kept = (int) (end % Page.BYTES);
    if (kept != 0) {
      Page last = page(index);
      if (last.hashAt(index) != 0) {
        put(index, last.with(Page.ZEROS, kept, Page.BYTES));
      }
      index++;
    }
    for (long each = nextPage(index); each >= 0; each = nextPage(each + 1)) {
      put(each, Page.HOLE);
    }
  }
}
