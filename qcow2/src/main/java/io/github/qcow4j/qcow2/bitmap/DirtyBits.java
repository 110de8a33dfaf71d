package io.github.qcow4j.qcow2.bitmap;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bits of one bitmap in memory: one for each granule of the disk, in the chunks in which the
 * file stores them. Chunks without a set bit take no memory. Not safe for several threads.
 *
 * <p>Bit n describes the n-th granule, and stands in byte n/8 at the position n%8, the least
 * significant first (qcow2 specification, "Bitmap data").
 */
public final class DirtyBits {

  private static final int MARKED_UNIT_BYTES = 4096;

  private final long sizeBytes;
  private final int granularityBits;
  private final int chunkBytes;
  private final byte[] @Nullable [] chunks;

  /** Known until a chunk changes: the same bits may be stored for 65,535 bitmaps. */
  private final @Nullable Marked[] marked;

  /**
   * The part of a chunk that has all of its set bits; it begins and ends at a multiple of 4096
   * bytes, or with the chunk.
   *
   * @param offset where in the chunk it begins, in bytes
   * @param bytes it, for one use
   */
  public record Marked(int offset, ByteBuffer bytes) {}

  /**
   * Bits that are all clear.
   *
   * @param sizeBytes the size of the disk
   * @param granularityBits binary logarithm of the guest bytes that one bit covers
   * @param chunkBytes how many bytes of bits one cluster of the image holds, a power of two
   */
  public DirtyBits(long sizeBytes, int granularityBits, int chunkBytes) {
    this.sizeBytes = sizeBytes;
    this.granularityBits = granularityBits;
    this.chunkBytes = chunkBytes;
    this.chunks = new byte[Math.toIntExact(chunksFor(sizeBytes, granularityBits, chunkBytes))][];
    this.marked = new Marked[chunks.length];
  }

  /** How many chunks a bitmap of a disk has, which is the length of its table. */
  public static long chunksFor(long sizeBytes, int granularityBits, int chunkBytes) {
    long bits = bitsFor(sizeBytes, granularityBits);
    long bytes = (bits + 7) >>> 3;
    return (bytes + chunkBytes - 1) / chunkBytes;
  }

  private static long bitsFor(long sizeBytes, int granularityBits) {
    long whole = sizeBytes >>> granularityBits;
    return (whole << granularityBits) == sizeBytes ? whole : whole + 1;
  }

  /** The size of the disk in bytes. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Binary logarithm of the guest bytes that one bit covers. */
  public int granularityBits() {
    return granularityBits;
  }

  /** How many chunks there are. */
  public int chunkCount() {
    return chunks.length;
  }

  /** The bytes of a chunk, not a copy, or null when none of its bits was ever set. */
  public byte @Nullable [] chunk(int index) {
    return chunks[index];
  }

  /** The part of a chunk with all of its set bits, of no bytes when none is set. */
  public Marked marked(int index) {
    Marked part = marked[index];
    if (part == null) {
      part = markedOf(chunks[index]);
      marked[index] = part;
    }
    return new Marked(part.offset, part.bytes.slice());
  }

  private static Marked markedOf(byte @Nullable [] chunk) {
    if (chunk == null) {
      return new Marked(0, ByteBuffer.allocate(0));
    }
    int first = 0;
    int end = chunk.length;
    while (first < end && chunk[first] == 0) {
      first++;
    }
    while (end > first && chunk[end - 1] == 0) {
      end--;
    }
    int from = first == end ? end : first & -MARKED_UNIT_BYTES;
    int to = Math.min(chunk.length, (end + MARKED_UNIT_BYTES - 1) & -MARKED_UNIT_BYTES);
    return new Marked(from, ByteBuffer.wrap(chunk, from, to - from).slice());
  }

  /** Whether any bit of a chunk is set. */
  public boolean hasAny(int index) {
    byte[] chunk = chunks[index];
    if (chunk != null) {
      for (byte eight : chunk) {
        if (eight != 0) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Sets the bits that stored bytes have set. Bits past the end of the disk have no meaning, and
   * are left out.
   *
   * @param index which chunk
   * @param stored as many bytes as a chunk has
   */
  void addStored(int index, byte[] stored) {
    byte[] chunk = writableChunk(index);
    for (int i = 0; i < chunkBytes; i++) {
      chunk[i] |= stored[i];
    }
    clearTail(index, chunk);
  }

  /** Sets all bits of a chunk. */
  void addAll(int index) {
    byte[] chunk = writableChunk(index);
    Arrays.fill(chunk, (byte) 0xFF);
    clearTail(index, chunk);
  }

  private byte[] writableChunk(int index) {
    byte[] chunk = chunks[index];
    marked[index] = null;
    if (chunk == null) {
      chunk = new byte[chunkBytes];
      chunks[index] = chunk;
    }
    return chunk;
  }

  private void clearTail(int index, byte[] chunk) {
    long endBit = bitsFor(sizeBytes, granularityBits) - (long) index * chunkBytes * Byte.SIZE;
    if (endBit >= (long) chunkBytes * Byte.SIZE) {
      return;
    }
    int endByte = (int) (endBit >>> 3);
    if ((endBit & 7) != 0) {
      chunk[endByte] &= (byte) ((1 << (endBit & 7)) - 1);
      endByte++;
    }
    Arrays.fill(chunk, endByte, chunkBytes, (byte) 0);
  }

  /** Clears all bits. */
  public void clear() {
    Arrays.fill(chunks, null);
    Arrays.fill(marked, null);
  }

  /**
   * Sets the bits of all granules that a range touches.
   *
   * @param guestOffset where it begins
   * @param lengthBytes its length; what of it lies past the end of the disk is left out
   */
  public void setRange(long guestOffset, long lengthBytes) {
    long end = Math.min(sizeBytes, guestOffset + lengthBytes);
    if (guestOffset < end) {
      setBits(guestOffset >>> granularityBits, ((end - 1) >>> granularityBits) + 1);
    }
  }

  private void setBits(long fromBit, long toBit) {
    long bitsPerChunk = (long) chunkBytes * Byte.SIZE;
    long bit = fromBit;
    while (bit < toBit) {
      int index = (int) (bit / bitsPerChunk);
      long first = index * bitsPerChunk;
      long end = Math.min(toBit, first + bitsPerChunk);
      setBits(writableChunk(index), (int) (bit - first), (int) (end - first));
      bit = end;
    }
  }

  private static void setBits(byte[] chunk, int fromBit, int toBit) {
    int bit = fromBit;
    while (bit < toBit && (bit & 7) != 0) {
      chunk[bit >>> 3] |= (byte) (1 << (bit & 7));
      bit++;
    }
    int wholeEnd = Math.max(bit, toBit & -8);
    Arrays.fill(chunk, bit >>> 3, wholeEnd >>> 3, (byte) 0xFF);
    for (bit = wholeEnd; bit < toBit; bit++) {
      chunk[bit >>> 3] |= (byte) (1 << (bit & 7));
    }
  }

  /** Whether the granule of a guest offset is marked. */
  public boolean get(long guestOffset) {
    long bit = guestOffset >>> granularityBits;
    return bit < bitsFor(sizeBytes, granularityBits) && bit(bit);
  }

  private boolean bit(long bit) {
    long bitsPerChunk = (long) chunkBytes * Byte.SIZE;
    byte[] chunk = chunks[(int) (bit / bitsPerChunk)];
    int inside = (int) (bit % bitsPerChunk);
    return chunk != null && (chunk[inside >>> 3] & (1 << (inside & 7))) != 0;
  }

  /**
   * Marks all that another bitmap has marked; where a granule here is larger, all of it.
   *
   * @param other of any granularity
   */
  public void addAll(DirtyBits other) {
    long bits = bitsFor(other.sizeBytes, other.granularityBits);
    long bitsPerChunk = (long) other.chunkBytes * Byte.SIZE;
    long bit = 0;
    while (bit < bits) {
      if (other.chunks[(int) (bit / bitsPerChunk)] == null) {
        bit = (bit / bitsPerChunk + 1) * bitsPerChunk;
      } else if (!other.bit(bit)) {
        bit++;
      } else {
        long end = bit + 1;
        while (end < bits && other.bit(end)) {
          end++;
        }
        setRange(bit << other.granularityBits, (end - bit) << other.granularityBits);
        bit = end;
      }
    }
  }

  /** The same bits for a disk of another size: what it lost is left out, what it got is clear. */
  public DirtyBits resized(long newBytes) {
    DirtyBits resized = new DirtyBits(newBytes, granularityBits, chunkBytes);
    for (int i = 0; i < Math.min(chunks.length, resized.chunks.length); i++) {
      byte[] chunk = chunks[i];
      if (chunk != null) {
        resized.addStored(i, chunk);
      }
    }
    return resized;
  }
}
