package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/** What a disk shows, as far as it can be read and is known. Never changed. */
final class ShownContent {

  private static final int SECTOR_BYTES = 512;

  private final byte[] bytes;

  /** The sectors that could not be read, or may have been written. */
  private final BitSet unknown;

  private ShownContent(byte[] bytes, BitSet unknown) {
    this.bytes = bytes;
    this.unknown = unknown;
  }

  static ShownContent of(Qcow2Image disk) {
    byte[] bytes = new byte[Math.toIntExact(disk.virtualSize())];
    BitSet unknown = new BitSet();
    try {
      disk.read(0, ByteBuffer.wrap(bytes));
      return new ShownContent(bytes, unknown);
    } catch (IOException _) {
      // Sector by sector, then.
    }
    for (int offset = 0; offset < bytes.length; offset += SECTOR_BYTES) {
      try {
        disk.read(offset, ByteBuffer.wrap(bytes, offset, SECTOR_BYTES));
      } catch (IOException _) {
        unknown.set(offset / SECTOR_BYTES);
      }
    }
    return new ShownContent(bytes, unknown);
  }

  int sizeBytes() {
    return bytes.length;
  }

  ShownContent resized(int newSizeBytes) {
    BitSet sectors = unknown.get(0, newSizeBytes / SECTOR_BYTES);
    return new ShownContent(Arrays.copyOf(bytes, newSizeBytes), sectors);
  }

  ShownContent written(int offset, int lengthBytes, byte pattern) {
    ShownContent changed = resized(bytes.length);
    Arrays.fill(changed.bytes, offset, offset + lengthBytes, pattern);
    changed.unknown.clear(offset / SECTOR_BYTES, (offset + lengthBytes) / SECTOR_BYTES);
    return changed;
  }

  /** With other bytes at the beginning. */
  ShownContent beginningWith(byte[] start) {
    ShownContent changed = written(0, start.length, (byte) 0);
    System.arraycopy(start, 0, changed.bytes, 0, start.length);
    return changed;
  }

  /** Where it may have been written, or not. */
  ShownContent forgotten(int offset, int lengthBytes) {
    ShownContent changed = resized(bytes.length);
    changed.unknown.set(offset / SECTOR_BYTES, (offset + lengthBytes) / SECTOR_BYTES);
    return changed;
  }

  /**
   * Requires that another look has shown the same, wherever this is known.
   *
   * @param what whose content this is
   */
  void requireSame(ShownContent other, String what) {
    assertThat(other.bytes.length).as("size of %s", what).isEqualTo(bytes.length);
    for (int sector = 0; sector < bytes.length / SECTOR_BYTES; sector++) {
      int from = sector * SECTOR_BYTES;
      int end = from + SECTOR_BYTES;
      boolean lost = other.unknown.get(sector);
      if (!unknown.get(sector)
          && (lost || !Arrays.equals(bytes, from, end, other.bytes, from, end))) {
        throw new AssertionError(
            "%s shows something else at %d: was %d, is %s"
                .formatted(what, from, bytes[from], lost ? "unreadable" : other.bytes[from]));
      }
    }
  }
}
