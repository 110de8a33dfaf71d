package io.github.qcow4j.qcow2.rebase;

import io.github.qcow4j.nativeio.CopyMethod;
import java.util.Set;

/**
 * How to rebase.
 *
 * @param parallelism how many threads read, compare and write, 1 to 16
 * @param compressed whether whole clusters that are copied are stored compressed, where that makes
 *     them smaller
 * @param keepingSnapshots whether to refuse an overlay of which an internal snapshot shows the old
 *     backing file: it would show the new one afterwards, for only the disk itself is kept
 * @param zerosAsData whether zeros that the old backing file shows within its size become data, as
 *     {@code qemu-img} writes them; else they become zero clusters, which take no room
 * @param offloading whether plain data is left to the kernel to copy where it cannot be shared, and
 *     is not searched for zeros then, which take room like all other data
 */
public record RebaseOptions(
    int parallelism,
    boolean compressed,
    boolean keepingSnapshots,
    boolean zerosAsData,
    boolean offloading) {

  /** The largest number of threads: that of {@code qemu-img convert -m}, whatever a machine has. */
  public static final int MAX_PARALLELISM = 16;

  /**
   * Plain clusters; refuses to change what a snapshot shows. As many threads as {@link
   * io.github.qcow4j.qcow2.commit.CommitOptions#DEFAULT}, for the same reason.
   */
  public static final RebaseOptions DEFAULT = new RebaseOptions(4, false, true, false, false);

  /** The same without leaving anything to the kernel but what can be shared. */
  public RebaseOptions(
      int parallelism, boolean compressed, boolean keepingSnapshots, boolean zerosAsData) {
    this(parallelism, compressed, keepingSnapshots, zerosAsData, false);
  }

  public RebaseOptions {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism is not 1 to 16: " + parallelism);
    }
  }

  /**
   * In which ways plain data may come without being read: what is to be compressed has to be read,
   * and what is searched for zeros too, unless it is shared: there they take no room.
   */
  Set<CopyMethod> ways() {
    if (compressed) {
      return Set.of();
    }
    return offloading
        ? Set.of(CopyMethod.REFLINK, CopyMethod.KERNEL_COPY)
        : Set.of(CopyMethod.REFLINK);
  }
}
