package io.github.qcow4j.qcow2.encryption;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.encryption.LuksHeader.KeySlot;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the LUKS header of an image (LUKS1 On-Disk Format Specification, "The partition header").
 */
public final class LuksHeaderParser {

  private static final int HEADER_BYTES = 592;
  private static final long MAGIC = 0x4C55_4B53_BABEL;
  private static final int SLOT_ACTIVE = 0x00AC_71F3;
  private static final int FIRST_SLOT = 208;
  private static final int SLOT_BYTES = 48;
  private static final int SLOTS = 8;
  private static final long SECTOR_BYTES = 512;

  private LuksHeaderParser() {}

  /**
   * Reads the header.
   *
   * @param file the image
   * @param place where the image says that the header is
   * @throws CorruptImageException when there is none
   * @throws UnsupportedFeatureException when it is of a version other than 1
   * @throws IOException when reading fails
   */
  public static LuksHeader read(BlockFile file, EncryptionHeader place) throws IOException {
    long hostOffset = place.hostOffset();
    if (hostOffset < 0 || hostOffset > file.size() - HEADER_BYTES) {
      throw new CorruptImageException(
          file.path(), "LUKS header reaches past the end of the file", "LUKS header", hostOffset);
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    file.readPadded(header, hostOffset);
    header.flip();
    if (header.getLong(0) >>> 16 != MAGIC) {
      throw new CorruptImageException(
          file.path(), "Volume is not in LUKS format", "LUKS header", hostOffset);
    }
    int version = header.getShort(6) & 0xFFFF;
    if (version != 1) {
      throw new UnsupportedFeatureException(
          file.path(), "LUKS version " + version + " is not supported", "LUKS version " + version);
    }
    return parse(header);
  }

  private static LuksHeader parse(ByteBuffer header) {
    String modeField = text(header, 40, 32);
    int dash = modeField.indexOf('-');
    String generatorField = dash < 0 ? "" : modeField.substring(dash + 1);
    int colon = generatorField.indexOf(':');
    return new LuksHeader(
        text(header, 8, 32),
        dash < 0 ? modeField : modeField.substring(0, dash),
        colon < 0 ? generatorField : generatorField.substring(0, colon),
        colon < 0 ? null : generatorField.substring(colon + 1),
        text(header, 72, 32),
        Integer.toUnsignedLong(header.getInt(108)),
        Integer.toUnsignedLong(header.getInt(104)) * SECTOR_BYTES,
        Integer.toUnsignedLong(header.getInt(164)),
        text(header, 168, 40),
        slots(header));
  }

  private static List<KeySlot> slots(ByteBuffer header) {
    List<KeySlot> slots = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      int start = FIRST_SLOT + i * SLOT_BYTES;
      slots.add(
          new KeySlot(
              header.getInt(start) == SLOT_ACTIVE,
              Integer.toUnsignedLong(header.getInt(start + 4)),
              Integer.toUnsignedLong(header.getInt(start + 40)) * SECTOR_BYTES,
              Integer.toUnsignedLong(header.getInt(start + 44))));
    }
    return slots;
  }

  private static String text(ByteBuffer header, int start, int maxBytes) {
    int end = start;
    while (end < start + maxBytes && header.get(end) != 0) {
      end++;
    }
    byte[] bytes = new byte[end - start];
    header.get(start, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
