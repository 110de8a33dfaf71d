package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.CopyMethod;
import java.util.Set;

/**
 * How to convert.
 *
 * @param parallelism how many threads read, decode and write at once, 1 to 16
 * @param sparseBytes runs of zeros found in data become holes when they fill blocks of so many
 *     bytes, a multiple of 512 up to 16 MiB; 0 finds none and writes every zero
 * @param salvage whether to go on after a read error, with zeros for what cannot be read
 * @param bytesPerSecond how fast to go at most, 0 for no limit
 * @param offloading whether plain data is left to the kernel to copy where it cannot be shared, and
 *     is not searched for zeros then, as {@code qemu-img convert -C} does; not when salvaging
 */
public record ConvertOptions(
    int parallelism, int sparseBytes, boolean salvage, long bytesPerSecond, boolean offloading) {

  /** The largest number of threads: that of {@code qemu-img convert -m}, whatever a machine has. */
  public static final int MAX_PARALLELISM = 16;

  /** The largest block that counts as a run of zeros. */
  public static final int MAX_SPARSE_BYTES = 16 << 20;

  /** What {@code qemu-img convert} does without options. */
  public static final ConvertOptions DEFAULT = new ConvertOptions(8, 4096, false, 0, false);

  /** The same without leaving anything to the kernel but what can be shared. */
  public ConvertOptions(int parallelism, int sparseBytes, boolean salvage, long bytesPerSecond) {
    this(parallelism, sparseBytes, salvage, bytesPerSecond, false);
  }

  public ConvertOptions {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism is not 1 to 16: " + parallelism);
    }
    if (sparseBytes < 0 || sparseBytes > MAX_SPARSE_BYTES || sparseBytes % 512 != 0) {
      throw new IllegalArgumentException(
          "sparseBytes is not a multiple of 512 up to 16 MiB: " + sparseBytes);
    }
    if (bytesPerSecond < 0) {
      throw new IllegalArgumentException("bytesPerSecond is negative: " + bytesPerSecond);
    }
    if (salvage && offloading) {
      throw new IllegalArgumentException("what may be damaged has to be read");
    }
  }

  /**
   * In which ways plain data may come without being read. A salvage has to read. Zeros wanted as
   * data are to take room of their own, and so is what is wanted with them; that the kernel can
   * copy. What is searched for zeros must be read, unless it is shared: there they take no room.
   */
  Set<CopyMethod> ways() {
    if (salvage) {
      return Set.of();
    } else if (sparseBytes == 0) {
      return Set.of(CopyMethod.KERNEL_COPY);
    }
    return offloading
        ? Set.of(CopyMethod.REFLINK, CopyMethod.KERNEL_COPY)
        : Set.of(CopyMethod.REFLINK);
  }
}
