package io.github.qcow4j.qcow2.cluster;

import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/**
 * Raw deflate (RFC 1951) with the JDK's zlib and its window of 32 KiB, which QEMU reads although it
 * writes with 4 KiB. The stream is always finished: QEMU would read past one that is merely
 * flushed.
 */
final class DeflateEncoder extends ClusterEncoder {

  /** QEMU's own; with the larger window never larger. */
  private static final int USUAL_LEVEL = 6;

  private final Deflater deflater;

  DeflateEncoder(int level) {
    this.deflater = new Deflater(level == DEFAULT_LEVEL ? USUAL_LEVEL : level, true);
  }

  @Override
  public boolean encode(ByteBuffer cluster, ByteBuffer target) {
    int start = target.position();
    deflater.reset();
    deflater.setInput(cluster);
    deflater.finish();
    while (!deflater.finished() && target.hasRemaining()) {
      deflater.deflate(target);
    }
    if (!deflater.finished()) {
      target.position(start);
    }
    return deflater.finished();
  }

  @Override
  public void close() {
    deflater.end();
  }
}
