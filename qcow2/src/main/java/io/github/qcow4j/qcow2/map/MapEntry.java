package io.github.qcow4j.qcow2.map;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A range of the disk of which the same holds, in the terms of {@code qemu-img map}.
 *
 * @param start where it begins, a guest offset in bytes
 * @param length its length in bytes
 * @param depth the layer that decides, 0 being the image itself
 * @param present whether some layer of the chain has it allocated
 * @param zero whether it reads as zeros without looking at data
 * @param data whether it is backed by data; both this and {@code zero} hold for clusters whose
 *     place in the file is a hole
 * @param offset where it stands in {@code file}, or -1 when it stands nowhere, or not as plain
 *     bytes
 * @param file the file that holds it, or null when there is no offset
 */
public record MapEntry(
    long start,
    long length,
    int depth,
    boolean present,
    boolean zero,
    boolean data,
    long offset,
    @Nullable Path file) {

  /** Nothing, at a place of the disk where there is nothing to tell of. */
  public static MapEntry nothingAt(long start) {
    return new MapEntry(start, 0, 0, false, false, false, -1, null);
  }

  /** Whether it stands as plain bytes in a file. */
  public boolean hasOffset() {
    return offset >= 0;
  }

  /** The first guest offset behind it. */
  public long end() {
    return start + length;
  }

  /** Whether {@code next} goes on where this ends, and the same holds of it. */
  boolean continuedBy(MapEntry next) {
    return next.start == end()
        && next.depth == depth
        && next.present == present
        && next.zero == zero
        && next.data == data
        && Objects.equals(next.file, file)
        && (hasOffset() ? next.offset == offset + length : !next.hasOffset());
  }

  MapEntry extendedBy(long moreBytes) {
    return new MapEntry(start, length + moreBytes, depth, present, zero, data, offset, file);
  }
}
