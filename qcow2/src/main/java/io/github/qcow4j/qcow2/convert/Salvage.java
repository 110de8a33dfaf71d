package io.github.qcow4j.qcow2.convert;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads what can be read of a piece that failed as a whole: by halves, down to single sectors. What
 * cannot be read becomes zeros and is reported, neighbours together.
 */
final class Salvage {

  private static final int SECTOR_BYTES = 512;

  private final ConvertSource source;
  private final Conversion.SalvageListener listener;
  private long badOffset = -1;
  private long badBytes;
  private long allBadBytes;
  private IOException badCause = new IOException();

  Salvage(ConvertSource source, Conversion.SalvageListener listener) {
    this.source = source;
    this.listener = listener;
  }

  /** Fills {@code data} and returns how many of its bytes could not be read. */
  long read(Segment segment, ByteBuffer data) {
    readPart(segment, data, 0, data.limit());
    report();
    data.position(data.limit());
    return allBadBytes;
  }

  private void readPart(Segment segment, ByteBuffer data, int from, int to) {
    try {
      source.read(segment.offset() + from, data.slice(from, to - from));
    } catch (IOException e) {
      if (to - from <= SECTOR_BYTES) {
        bad(segment.offset() + from, data, from, to, e);
        return;
      }
      int half = from + ((to - from) / 2 + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
      readPart(segment, data, from, half);
      readPart(segment, data, half, to);
    }
  }

  private void bad(long offset, ByteBuffer data, int from, int to, IOException cause) {
    if (offset != badOffset + badBytes) {
      report();
      badOffset = offset;
      badBytes = 0;
      badCause = cause;
    }
    for (int i = from; i < to; i++) {
      data.put(i, (byte) 0);
    }
    badBytes += to - from;
    allBadBytes += to - from;
  }

  private void report() {
    if (badBytes > 0) {
      listener.unreadable(badOffset, badBytes, badCause);
    }
  }
}
