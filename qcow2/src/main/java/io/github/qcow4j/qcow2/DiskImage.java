package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An open disk image: a virtual disk of bytes at guest offsets {@code 0 <= guestOffset <
 * virtualSize}, read through all layers of its chain. {@link DiskImages} opens them.
 *
 * <h2>Threads</h2>
 *
 * All methods may be called by any number of threads at once, except that nothing may be under way
 * when the image is closed.
 *
 * <h2>Errors</h2>
 *
 * {@link io.github.qcow4j.qcow2.error.CorruptImageException} when a table entry or compressed
 * cluster on the way contradicts the format; any other {@link IOException} when the storage fails;
 * {@link IndexOutOfBoundsException} for a range that leaves the disk. A range that cannot be read
 * is never filled with something else.
 */
public sealed interface DiskImage extends Closeable permits Qcow2Image, RawImage {

  /** The name the image was opened by. */
  Path path();

  /** Its format. */
  ImageFormat format();

  /** The size of the virtual disk in bytes, a multiple of 512. */
  long virtualSize();

  /** The layer below, or null when there is none. */
  @Nullable DiskImage backing();

  /** The file that holds this layer's guest data: the image itself, or its external data file. */
  BlockFile dataFile();

  /**
   * Fills {@code target} with guest bytes, whatever layer holds them. Direct buffers save a copy.
   * When it fails, the position of {@code target} tells how far it came.
   *
   * @param guestOffset where to begin; {@code guestOffset + target.remaining() <= virtualSize()}
   */
  void read(long guestOffset, ByteBuffer target) throws IOException;

  /** Whether the image was opened for writing. */
  boolean writable();

  /**
   * Writes guest bytes to this layer. Not durable on return.
   *
   * <p>When it fails, each byte of the range is as it was or as it was to be. When the storage
   * fails in the middle of a change of tables, by this or any other call, all later changes fail
   * too, {@link #sync} and {@link #close} included: the image on disk is as after a power cut, good
   * but for leaked clusters, and is to be opened anew.
   *
   * @param guestOffset where, {@code guestOffset + source.remaining() <= virtualSize()}
   * @param source what; consumed
   */
  void write(long guestOffset, ByteBuffer source) throws IOException;

  /**
   * What offsets and lengths of {@link #copyFrom} must be multiples of, a power of two: a cluster,
   * or with extended L2 entries a subcluster; of a raw image a byte.
   */
  int copyUnitBytes();

  /**
   * Puts bytes of another file to guest bytes of this layer without taking them in hand: by sharing
   * their storage ({@code ioctl_ficlonerange(2)}), so that none takes room a second time, or by a
   * copy that the kernel makes ({@code copy_file_range(2)}). Not durable on return.
   *
   * <p>Where the files would share, but not at the places that this image's clusters have, in
   * blocks of {@value BlockFile#SHARED_BLOCK_BYTES} bytes, the bytes in question are copied.
   *
   * @param guestOffset where to begin, a multiple of {@link #copyUnitBytes}
   * @param source the other file
   * @param sourceOffset where in it the bytes stand
   * @param lengthBytes how many bytes, a multiple of {@link #copyUnitBytes}
   * @param ways what will do, as {@link BlockFile#copyRange(BlockFile, long, long, long, Set)} says
   * @return how many bytes from the beginning are here now, by the ways they came; less than {@code
   *     lengthBytes} where these files, or these offsets, cannot do it, which leaves each of the
   *     others as it was or as it was to be
   */
  CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException;

  /**
   * Makes a range read as zeros, by metadata where that can say it. Not durable on return.
   *
   * @param guestOffset where to begin
   * @param lengthBytes how many bytes
   * @param mayUnmap whether storage may be given back
   */
  void writeZeroes(long guestOffset, long lengthBytes, boolean mayUnmap) throws IOException;

  /**
   * Says that a range's contents are no longer needed. Whole clusters in it are given back, and
   * read as zeros afterwards, where the format can say so; other bytes stay as they are. Not
   * durable on return.
   *
   * @param guestOffset where to begin
   * @param lengthBytes how many bytes
   */
  void discard(long guestOffset, long lengthBytes) throws IOException;

  /** Makes every change that returned before durable. */
  void sync() throws IOException;

  /**
   * What stands at a guest offset, looked up through all layers. No guest data is read.
   *
   * @param guestOffset where, {@code 0 <= guestOffset < virtualSize()}
   * @param maxBytes how many bytes matter at most, {@code >= 1}
   * @return an extent that begins there; the next one may turn out to continue it
   */
  Extent extentAt(long guestOffset, long maxBytes) throws IOException;

  /** The extents of a range in order, neighbours joined, looked up as the walk proceeds. */
  default ExtentWalk extents(long guestOffset, long lengthBytes) {
    return new ExtentWalk(this, guestOffset, lengthBytes);
  }

  /** This image and all below it, from the top. */
  default List<DiskImage> layers() {
    List<DiskImage> layers = new ArrayList<>();
    for (DiskImage layer = this; layer != null; layer = layer.backing()) {
      layers.add(layer);
    }
    return List.copyOf(layers);
  }

  /**
   * A view of the disk as a channel with a position, for reading. Closing the view leaves the image
   * open. The view itself is for one thread at a time.
   */
  default SeekableByteChannel channel() {
    return new ImageChannel(this);
  }

  /** Closes the image and all layers below, and releases their locks. */
  @Override
  void close() throws IOException;
}
