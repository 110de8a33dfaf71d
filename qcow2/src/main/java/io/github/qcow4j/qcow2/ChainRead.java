package io.github.qcow4j.qcow2;

import io.github.qcow4j.qcow2.cluster.Mapping;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One read of a disk: from the layer where it begins down to whichever has the bytes. For one
 * thread.
 *
 * <p>It goes down by a list of its own, not by calls that call themselves: a chain may have more
 * layers than a stack has room for, and a stack that ends within a call of a file leaves the call
 * counted as under way, so that whoever closes the file waits for ever.
 */
final class ChainRead {

  /** A layer, and how far it is asked. */
  private record Level(MappedLayer layer, long endOffset) {}

  /** What puts bytes into a buffer, all of it or an exception. */
  @FunctionalInterface
  private interface Filling {

    void fill(ByteBuffer part) throws IOException;
  }

  private final Deque<Level> levels = new ArrayDeque<>();
  private final ByteBuffer target;

  /** What is to be added to the position of the target to have the guest offset. */
  private final long shift;

  private ChainRead(long guestOffset, ByteBuffer target) {
    this.target = target;
    this.shift = guestOffset - target.position();
  }

  /** Fills {@code target}, whose position tells how far it came; the range lies within the disk. */
  static void fill(MappedLayer top, long guestOffset, ByteBuffer target) throws IOException {
    ChainRead read = new ChainRead(guestOffset, target);
    try {
      read.enter(top, target.remaining());
      while (!read.levels.isEmpty()) {
        read.step(read.levels.element());
      }
    } finally {
      while (!read.levels.isEmpty()) {
        read.leave();
      }
    }
  }

  private void enter(MappedLayer layer, long lengthBytes) {
    // Clusters looked up here must not be given to others before they are read.
    layer.lock();
    levels.push(new Level(layer, guestOffset() + lengthBytes));
  }

  private void leave() {
    levels.pop().layer().unlock();
  }

  private void step(Level level) throws IOException {
    long guestOffset = guestOffset();
    if (guestOffset == level.endOffset()) {
      leave();
      return;
    }
    MappedLayer layer = level.layer();
    Mapping mapping = layer.mapping(guestOffset, level.endOffset() - guestOffset);
    if (mapping instanceof Mapping.Unallocated) {
      descend(layer.backingAt(guestOffset), mapping.lengthBytes());
    } else {
      part(mapping.lengthBytes(), part -> layer.readOwn(mapping, part));
    }
  }

  /** What the backing file does not reach reads as zeros. */
  private void descend(@Nullable DiskImage backing, long lengthBytes) throws IOException {
    long guestOffset = guestOffset();
    if (backing == null) {
      part(lengthBytes, ZeroBytes::fill);
      return;
    }
    long inside = Math.min(lengthBytes, backing.virtualSize() - guestOffset);
    if (backing instanceof Qcow2Image below) {
      enter(below.layer(), inside);
    } else {
      part(inside, part -> backing.read(guestOffset, part));
    }
  }

  private void part(long lengthBytes, Filling filling) throws IOException {
    ByteBuffer part = target.slice(target.position(), (int) lengthBytes);
    try {
      filling.fill(part);
    } finally {
      target.position(target.position() + part.position());
    }
  }

  private long guestOffset() {
    return shift + target.position();
  }
}
