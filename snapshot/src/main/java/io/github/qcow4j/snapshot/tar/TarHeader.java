package io.github.qcow4j.snapshot.tar;

import io.github.qcow4j.snapshot.transfer.DamagedTransferException;
import io.github.qcow4j.snapshot.transfer.PlainName;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One header block of 512 bytes (POSIX, pax utility, ustar interchange format). */
final class TarHeader {

  static final int BLOCK_BYTES = 512;
  static final char REGULAR = '0';
  static final char OLD_REGULAR = '\0';
  static final char CONTIGUOUS = '7';
  static final char DIRECTORY = '5';
  static final char GNU_SPARSE = 'S';
  static final char GNU_LONG_NAME = 'L';
  static final char GNU_LONG_LINK = 'K';
  static final char PAX = 'x';
  static final char PAX_GLOBAL = 'g';

  static final int NAME_BYTES = 100;
  static final int MODE = 100;
  static final int OWNER = 108;
  static final int GROUP = 116;
  static final int SIZE = 124;
  static final int SIZE_BYTES = 12;
  static final int TIME = 136;
  static final int CHECKSUM = 148;
  static final int CHECKSUM_BYTES = 8;
  static final int TYPE_FLAG = 156;
  static final int MAGIC = 257;
  static final String POSIX_MAGIC = "ustar\00000";
  static final String GNU_MAGIC = "ustar  \0";

  private static final int PREFIX = 345;
  private static final int PREFIX_BYTES = 155;

  private final String name;
  private final char typeFlag;
  private final long sizeBytes;
  private final byte[] block;

  private TarHeader(String name, char typeFlag, long sizeBytes, byte[] block) {
    this.name = name;
    this.typeFlag = typeFlag;
    this.sizeBytes = sizeBytes;
    this.block = block;
  }

  /** The name, with its prefix. */
  String name() {
    return name;
  }

  /** What it is of. */
  char typeFlag() {
    return typeFlag;
  }

  /** How many bytes follow, without padding. */
  long sizeBytes() {
    return sizeBytes;
  }

  /** Whether it says of itself what it is, as all but the oldest do. */
  boolean isMarked() {
    return block[MAGIC] == 'u'
        && block[MAGIC + 1] == 's'
        && block[MAGIC + 2] == 't'
        && block[MAGIC + 3] == 'a'
        && block[MAGIC + 4] == 'r';
  }

  /** The block as it is. */
  byte[] block() {
    return block;
  }

  /** The same of another size. */
  TarHeader withSize(long bytes) {
    return new TarHeader(name, typeFlag, bytes, block);
  }

  /** Reads a block that is not all zeros. */
  static TarHeader parse(byte[] block) throws DamagedTransferException {
    long stated = TarNumber.read(block, CHECKSUM, CHECKSUM_BYTES, "checksum of a header");
    if (stated != checksum(block)) {
      throw new DamagedTransferException("Invalid archive: a header's checksum is wrong");
    }
    String name = text(block, 0, NAME_BYTES);
    if (hasMagic(block, POSIX_MAGIC) && block[PREFIX] != 0) {
      name = text(block, PREFIX, PREFIX_BYTES) + "/" + name;
    }
    char typeFlag = (char) (block[TYPE_FLAG] & 0xFF);
    long size = TarNumber.read(block, SIZE, SIZE_BYTES, "size of '" + PlainName.shown(name) + "'");
    return new TarHeader(name, typeFlag, size, block);
  }

  private static boolean hasMagic(byte[] block, String magic) {
    byte[] wanted = magic.getBytes(StandardCharsets.US_ASCII);
    return Arrays.equals(block, MAGIC, MAGIC + wanted.length, wanted, 0, wanted.length);
  }

  /** The sum of all bytes, those of the checksum itself taken as spaces. */
  static long checksum(byte[] block) {
    long sum = ' ' * (long) CHECKSUM_BYTES;
    for (int i = 0; i < BLOCK_BYTES; i++) {
      boolean own = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_BYTES;
      sum += own ? 0 : block[i] & 0xFF;
    }
    return sum;
  }

  static String text(byte[] bytes, int offset, int length) throws DamagedTransferException {
    int end = offset;
    while (end < offset + length && bytes[end] != 0) {
      end++;
    }
    try {
      ByteBuffer encoded = ByteBuffer.wrap(bytes, offset, end - offset);
      return StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
    } catch (CharacterCodingException e) {
      throw new DamagedTransferException("Invalid archive: a name is not UTF-8");
    }
  }

  /** Bytes up to the next multiple of a block. */
  static int padding(long sizeBytes) {
    return (int) (-sizeBytes & (BLOCK_BYTES - 1));
  }
}
