package io.github.qcow4j.qcow2.convert;

/**
 * A piece of work: a range of one source disk, small enough for one buffer when it holds data.
 *
 * @param sequence its number, from 0 without gaps
 * @param imageIndex which source disk
 * @param offset where it begins, counted from the first disk's beginning
 * @param lengthBytes its length
 * @param zero whether it is known to be zeros
 */
record Segment(long sequence, int imageIndex, long offset, long lengthBytes, boolean zero) {}
