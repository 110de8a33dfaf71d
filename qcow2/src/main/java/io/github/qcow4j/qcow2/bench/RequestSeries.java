package io.github.qcow4j.qcow2.bench;

/**
 * Requests of one kind, at offsets that move on by equal steps and begin again at the disk's
 * beginning.
 *
 * @param count how many requests
 * @param depth how many are under way at once, 1 to {@value #MAX_DEPTH}
 * @param startOffset where the first one is, in bytes
 * @param bufferBytes how many bytes each one moves
 * @param stepBytes how far apart they are
 * @param action what they do
 */
public record RequestSeries(
    int count, int depth, long startOffset, int bufferBytes, int stepBytes, Action action) {

  /** Each request under way has a thread; more of them than that no host takes gladly. */
  public static final int MAX_DEPTH = 1024;

  /** What requests do. */
  public sealed interface Action {}

  /** They read. */
  public record Reading() implements Action {}

  /**
   * They write.
   *
   * @param pattern the byte that is written
   * @param flushInterval after how many requests everything is made durable, 0 for never
   * @param draining whether no request is under way meanwhile
   */
  public record Writing(byte pattern, int flushInterval, boolean draining) implements Action {}

  public RequestSeries {
    if (count < 0 || startOffset < 0 || bufferBytes < 0 || stepBytes < 0) {
      throw new IllegalArgumentException("negative number in a series of requests");
    }
    if (depth < 1 || depth > MAX_DEPTH) {
      throw new IllegalArgumentException("depth is not 1 to " + MAX_DEPTH + ": " + depth);
    }
  }

  /** After how many requests everything is made durable, 0 for never. */
  int flushInterval() {
    return action instanceof Writing writing ? writing.flushInterval : 0;
  }

  /** Whether no request is under way while everything is made durable. */
  boolean draining() {
    return action instanceof Writing writing && writing.draining;
  }
}
