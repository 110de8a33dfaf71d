package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.table.TableBounds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The clusters of one kind of metadata, L2 tables or refcount blocks, while a {@link
 * StructureSwitch} builds new ones beside those in use: it reads any, and changes only those that
 * stand in places which were free before.
 *
 * <p>As nothing durable leads to a changed cluster before the switch, when it is written does not
 * matter. All of them wait in memory, so that damage found on the way is found before a byte is
 * written, until there are more than the budget: then they are written, and memory stays the same
 * however large the image is.
 *
 * <p>Arrays are used again and never given away: what a method returns holds until the next call.
 * For one thread.
 */
final class ShadowClusters {

  /**
   * How much is read and kept unchanged. A walk through an image goes from one refcount block to
   * the next; where the clusters of one table are scattered over the file, 2 MiB cover 64 GiB of it
   * at clusters of 64 KiB. Where they are not, it does not matter: a snapshot of 1 TiB with all
   * metadata took 0.64 s of processor time and 87 MiB with 64 KiB, 0.65 s and 87 MiB with 2 MiB,
   * 0.66 s and 124 MiB with 8 MiB.
   */
  private static final int READ_BYTES = 2 << 20;

  private final BlockFile file;
  private final String name;
  private final int clusterSize;
  private final int mostChanged;
  private final Map<Long, byte[]> changed = new HashMap<>();
  private final ArrayDeque<byte[]> spare = new ArrayDeque<>();
  private final byte[][] read;
  private final long[] readOffsets;
  private long lastOffset = -1;
  private byte[] last = {};

  /**
   * @param file the image
   * @param name what to call one of these clusters in an error
   * @param clusterSize its cluster size in bytes
   * @param budgetBytes how much may wait to be written; one cluster may in any case
   */
  ShadowClusters(BlockFile file, String name, int clusterSize, long budgetBytes) {
    this.file = file;
    this.name = name;
    this.clusterSize = clusterSize;
    this.mostChanged = (int) Math.max(1, budgetBytes / clusterSize);
    this.read = new byte[Math.max(1, READ_BYTES / clusterSize)][];
    this.readOffsets = new long[read.length];
    Arrays.fill(readOffsets, -1);
  }

  /**
   * The cluster at a host offset.
   *
   * @param hostOffset its place as an entry of the image says it, whatever that is
   * @throws io.github.qcow4j.qcow2.error.CorruptImageException when nothing can stand there
   */
  byte[] get(long hostOffset) throws IOException {
    if (hostOffset == lastOffset) {
      return last;
    }
    byte[] bytes = changed.get(hostOffset);
    return remember(hostOffset, bytes == null ? load(hostOffset) : bytes);
  }

  /** The cluster at a host offset, to be changed; its place was free before. */
  byte[] change(long hostOffset) throws IOException {
    byte[] bytes = changed.get(hostOffset);
    return bytes == null ? copy(hostOffset, hostOffset) : remember(hostOffset, bytes);
  }

  /** A new cluster of zeros; what the file holds there does not matter. */
  byte[] create(long hostOffset) throws IOException {
    byte[] bytes = take();
    Arrays.fill(bytes, (byte) 0);
    return put(hostOffset, bytes);
  }

  /**
   * A new cluster that holds what another one does.
   *
   * @param from the host offset of the other one
   * @param to the new one's host offset, free before
   */
  byte[] copy(long from, long to) throws IOException {
    byte[] bytes = take();
    System.arraycopy(get(from), 0, bytes, 0, clusterSize);
    return put(to, bytes);
  }

  /** Writes what waits to be written, in the order of the file; not durable on return. */
  void write() throws IOException {
    long[] hostOffsets = changed.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
    for (long hostOffset : hostOffsets) {
      byte[] bytes = changed.get(hostOffset);
      file.write(ByteBuffer.wrap(bytes), hostOffset);
    }
    spare.addAll(changed.values());
    changed.clear();
    lastOffset = -1;
  }

  /** An array that holds nothing needed. */
  private byte[] take() throws IOException {
    if (changed.size() >= mostChanged) {
      write();
    }
    byte[] bytes = spare.poll();
    return bytes == null ? new byte[clusterSize] : bytes;
  }

  private byte[] put(long hostOffset, byte[] bytes) {
    int slot = slot(hostOffset);
    if (readOffsets[slot] == hostOffset) {
      readOffsets[slot] = -1;
    }
    byte[] before = changed.put(hostOffset, bytes);
    if (before != null) {
      spare.add(before);
    }
    return remember(hostOffset, bytes);
  }

  private byte[] load(long hostOffset) throws IOException {
    int slot = slot(hostOffset);
    byte[] bytes = read[slot];
    if (bytes != null && readOffsets[slot] == hostOffset) {
      return bytes;
    }
    TableBounds.requirePossible(file, hostOffset, clusterSize, name);
    if (bytes == null) {
      bytes = new byte[clusterSize];
      read[slot] = bytes;
    }
    if (lastOffset == readOffsets[slot]) {
      lastOffset = -1;
    }
    readOffsets[slot] = -1;
    file.readPadded(ByteBuffer.wrap(bytes), hostOffset);
    readOffsets[slot] = hostOffset;
    return bytes;
  }

  /** Tables tend to stand at even distances: their lowest bits alone would be the same in all. */
  private int slot(long hostOffset) {
    long mixed = hostOffset / clusterSize * 0x9E37_79B9_7F4A_7C15L;
    return (int) ((mixed >>> 32) % read.length);
  }

  private byte[] remember(long hostOffset, byte[] bytes) {
    lastOffset = hostOffset;
    last = bytes;
    return bytes;
  }
}
