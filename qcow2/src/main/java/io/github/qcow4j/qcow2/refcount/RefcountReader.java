package io.github.qcow4j.qcow2.refcount;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;

/**
 * Looks up the stored reference counts of host clusters, and holds the blocks last used. For one
 * thread.
 */
public final class RefcountReader {

  private final BlockFile file;
  private final RefcountTable table;
  private final CounterCodec codec;
  private final int maxHeld;
  private long bytesRead;
  private final LinkedHashMap<Long, byte[]> held = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param file the image
   * @param header its header
   * @param table its refcount table
   * @param maxHeldBytes how many bytes of blocks to hold; one block is held in any case
   */
  public RefcountReader(
      BlockFile file, Qcow2Header header, RefcountTable table, long maxHeldBytes) {
    this.file = file;
    this.table = table;
    this.codec = CounterCodec.ofOrder(header.refcountOrder());
    this.maxHeld = (int) Math.max(1, maxHeldBytes / table.blockBytes());
  }

  /**
   * The stored reference count of a host cluster, unsigned; 0 where no block covers it.
   *
   * @throws CorruptImageException when its block has no aligned place
   * @throws IOException when its block cannot be read
   */
  public long refcount(long clusterIndex) throws IOException {
    long blockIndex = table.blockIndex(clusterIndex);
    if (table.blockOffset(blockIndex) == 0) {
      return 0;
    }
    return codec.get(block(blockIndex), table.indexInBlock(clusterIndex));
  }

  /** How many bytes of blocks were read for {@link #refcount} so far. */
  public long bytesRead() {
    return bytesRead;
  }

  private byte[] block(long blockIndex) throws IOException {
    byte[] known = held.get(blockIndex);
    if (known != null) {
      return known;
    }
    byte[] block = new byte[table.blockBytes()];
    read(blockIndex, block);
    bytesRead += block.length;
    held.put(blockIndex, block);
    if (held.size() > maxHeld) {
      held.pollFirstEntry();
    }
    return block;
  }

  /**
   * Reads a whole refcount block past what is held. One that was never allocated, and what lies
   * past the end of the file, reads as zeros.
   *
   * @param blockIndex its index in the refcount table
   * @param target where to, one cluster long
   * @throws CorruptImageException when the block has no aligned place
   * @throws IOException when it cannot be read
   */
  public void read(long blockIndex, byte[] target) throws IOException {
    long hostOffset = table.blockOffset(blockIndex);
    if (!table.isBlockAligned(blockIndex)) {
      throw new CorruptImageException(
          file.path(),
          "Refblock offset 0x"
              + Long.toHexString(hostOffset)
              + " unaligned (reftable index: 0x"
              + Long.toHexString(blockIndex)
              + ")",
          "refcount table",
          hostOffset);
    }
    if (!table.isBlockReachable(blockIndex)) {
      throw Errno.EIO.exception("pread", file.path().toString());
    }
    if (hostOffset == 0 || hostOffset >= file.size()) {
      Arrays.fill(target, (byte) 0);
      return;
    }
    file.readPadded(ByteBuffer.wrap(target), hostOffset);
  }
}
