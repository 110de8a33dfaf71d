package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.transfer.FilePlace;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work: a range of the source, small enough for one buffer when it holds data to be
 * read.
 *
 * @param sequence its number, from 0 without gaps
 * @param offset where it begins, counted from the first disk's beginning
 * @param lengthBytes its length
 * @param content what it holds
 * @param place where it stands as plain bytes; given when {@link Content#OFFLOADED}
 */
record Segment(
    long sequence, long offset, long lengthBytes, Content content, @Nullable FilePlace place) {

  /** What a piece holds, as far as extents tell. */
  enum Content {
    /** Something to be read. */
    DATA,
    /** Plain bytes of a file, of any number, which the target may be able to take from there. */
    OFFLOADED,
    /** Zeros. */
    ZEROS,
    /** What the target shows already: of its backing file, or of the layer that it began with. */
    LEFT_TO_BACKING
  }

  /** Parts of the same content to be read, each small enough for one buffer. */
  Segment part(long from, long maxBytes) {
    return new Segment(
        sequence, offset + from, Math.min(maxBytes, lengthBytes - from), Content.DATA, null);
  }
}
