package io.github.qcow4j.nativeio.simulator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;

/** One change of a file's bytes, as the kernel made it in memory. */
sealed interface Change {

  /** Makes all of the change, on the content it was made for. */
  void apply(Content content);

  /** Makes all of the change on a content that may lack what was written before it. */
  void applySectors(Content content, int sectorBytes);

  /** How many pieces a disk may write or lose one by one; 0 for what happens as a whole. */
  int sectors(int sectorBytes);

  /** Makes the change in those pieces only; the length changes with any of them. */
  void applyTorn(Content content, int sectorBytes, IntPredicate written);

  /** The length was set. */
  record Resize(long newSize) implements Change {
    @Override
    public void apply(Content content) {
      content.setSize(newSize);
    }

    @Override
    public void applySectors(Content content, int sectorBytes) {
      apply(content);
    }

    @Override
    public int sectors(int sectorBytes) {
      return 0;
    }

    @Override
    public void applyTorn(Content content, int sectorBytes, IntPredicate written) {
      apply(content);
    }

    @Override
    public String toString() {
      return "length " + newSize;
    }
  }

  /**
   * Bytes were written, zeroed or reserved.
   *
   * @param what for people
   * @param offset where it began
   * @param end where it ended, the file being at least this long afterwards; 0 leaves the length
   * @param pages the pages as they are afterwards, with all that was written to them before: that
   *     is what a disk gets
   */
  record Write(String what, long offset, long end, List<TouchedPage> pages) implements Change {

    @Override
    public void apply(Content content) {
      for (TouchedPage touched : pages) {
        content.put(touched.index(), touched.after());
      }
      lengthen(content);
    }

    @Override
    public void applySectors(Content content, int sectorBytes) {
      lengthen(content);
      for (TouchedPage touched : pages) {
        touched.copyTouchedSectors(content, sectorBytes);
      }
    }

    private void lengthen(Content content) {
      if (end > content.size()) {
        content.setSize(end);
      }
    }

    @Override
    public int sectors(int sectorBytes) {
      int sectors = 0;
      for (TouchedPage touched : pages) {
        sectors += touched.sectors(sectorBytes).cardinality();
      }
      return sectors;
    }

    @Override
    public void applyTorn(Content content, int sectorBytes, IntPredicate written) {
      lengthen(content);
      int number = 0;
      for (TouchedPage touched : pages) {
        BitSet lost = new BitSet();
        BitSet sectors = touched.sectors(sectorBytes);
        for (int at = sectors.nextSetBit(0); at >= 0; at = sectors.nextSetBit(at + 1)) {
          lost.set(at, !written.test(number));
          number++;
        }
        sectors.andNot(lost);
        touched.copySectors(content, sectors, sectorBytes);
      }
    }

    @Override
    public String toString() {
      return what + " " + offset + "+" + (end - offset);
    }
  }

  /**
   * @param index which page
   * @param after the whole page afterwards
   * @param from the first byte touched in it
   * @param to the byte after the last one touched
   */
  record TouchedPage(long index, Page after, int from, int to) {

    BitSet sectors(int sectorBytes) {
      BitSet sectors = new BitSet();
      sectors.set(from / sectorBytes, (to + sectorBytes - 1) / sectorBytes);
      return sectors;
    }

    void copySectors(Content content, BitSet sectors, int sectorBytes) {
      content.put(index, content.page(index).with(after, sectors, sectorBytes));
    }

    void copyTouchedSectors(Content content, int sectorBytes) {
      int first = from / sectorBytes * sectorBytes;
      int end = (to + sectorBytes - 1) / sectorBytes * sectorBytes;
      content.put(index, content.page(index).with(after, first, end));
    }
  }

  /** What writing {@code length} bytes of {@code source} does to the content. */
  static Write write(Content content, ByteBuffer source, int length, long offset) {
    List<TouchedPage> pages = new ArrayList<>(length / Page.BYTES + 2);
    int done = 0;
    while (done < length) {
      long position = offset + done;
      int inPage = (int) (position % Page.BYTES);
      int step = Math.min(Page.BYTES - inPage, length - done);
      long index = position / Page.BYTES;
      Page after = content.page(index).with(inPage, source, source.position() + done, step);
      pages.add(new TouchedPage(index, after, inPage, inPage + step));
      done += step;
    }
    return new Write("write", offset, offset + length, pages);
  }

  /**
   * What zeroing a range does: whole pages become {@code whole}, at the edges zeros are written.
   */
  static Write zero(Content content, long offset, long length, Page whole, boolean lengthens) {
    List<TouchedPage> pages = new ArrayList<>();
    long end = offset + length;
    boolean fills = !whole.isHole();
    long index = offset / Page.BYTES;
    while (index * Page.BYTES < end) {
      Page old = content.page(index);
      int from = (int) Math.max(0, offset - index * Page.BYTES);
      int to = (int) Math.min(Page.BYTES, end - index * Page.BYTES);
      boolean covered = from == 0 && to == Page.BYTES;
      if (covered || (fills && old.isHole())) {
        pages.add(new TouchedPage(index, whole, from, to));
      } else if (!old.isHole()) {
        pages.add(new TouchedPage(index, old.with(Page.ZEROS, from, to), from, to));
      }
      index++;
      if (!fills) {
        long next = content.nextPage(index);
        index = next < 0 ? Long.MAX_VALUE / Page.BYTES : Math.max(index, next);
      }
    }
    return new Write(fills ? "zero" : "punch", offset, lengthens ? end : 0, pages);
  }

  /** What sharing whole pages of another file does. */
  static Write share(Content source, long sourceOffset, long targetOffset, long length) {
    List<TouchedPage> pages = new ArrayList<>();
    for (long done = 0; done < length; done += Page.BYTES) {
      Page page = source.page((sourceOffset + done) / Page.BYTES);
      int to = (int) Math.min(Page.BYTES, length - done);
      pages.add(new TouchedPage((targetOffset + done) / Page.BYTES, page, 0, to));
    }
    return new Write("share", targetOffset, targetOffset + length, pages);
  }

  /** What reserving a range does: pages of zeros where there are none. */
  static Write reserve(Content content, long offset, long length, boolean lengthens) {
    List<TouchedPage> pages = new ArrayList<>();
    long end = offset + length;
    for (long index = offset / Page.BYTES; index * Page.BYTES < end; index++) {
      if (content.page(index).isHole()) {
        pages.add(new TouchedPage(index, Page.ZEROS, 0, Page.BYTES));
      }
    }
    return new Write("reserve", offset, lengthens ? end : 0, pages);
  }

  /** How many pages more the content will take. */
  static long growth(Content content, Change change) {
    if (!(change instanceof Write write)) {
      return 0;
    }
    long growth = 0;
    for (TouchedPage touched : write.pages()) {
      growth += touched.after().storage() - content.page(touched.index()).storage();
    }
    return growth;
  }
}
