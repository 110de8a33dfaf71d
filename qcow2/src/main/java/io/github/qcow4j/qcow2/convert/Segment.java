package io.github.qcow4j.qcow2.convert;

/**
 * A piece of work: a range of the source, small enough for one buffer when it holds data.
 *
 * @param sequence its number, from 0 without gaps
 * @param offset where it begins, counted from the first disk's beginning
 * @param lengthBytes its length
 * @param content what it holds
 */
record Segment(long sequence, long offset, long lengthBytes, Content content) {

  /** What a piece holds, as far as extents tell. */
  enum Content {
    /** Something to be read. */
    DATA,
    /** Zeros. */
    ZEROS,
    /** What the target's backing file shows already. */
    LEFT_TO_BACKING
  }
}
