package io.github.qcow4j.qcow2.rebase;

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
 */
public record RebaseOptions(
    int parallelism, boolean compressed, boolean keepingSnapshots, boolean zerosAsData) {

  /** The largest number of threads. */
  public static final int MAX_PARALLELISM = 16;

  /** Plain clusters; refuses to change what a snapshot shows. */
  public static final RebaseOptions DEFAULT = new RebaseOptions(4, false, true, false);

  public RebaseOptions {
    if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
      throw new IllegalArgumentException("parallelism is not 1 to 16: " + parallelism);
    }
  }
}
