package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks the header of one image, in the order in which QEMU checks, so that an image
 * with several faults gets the same answer from both.
 *
 * <p>Takes memory for the header cluster only, at most 2 MiB, and reads nothing else.
 */
public final class HeaderParser {

  /** "QFI" and 0xFB. */
  public static final int MAGIC = 0x514649FB;

  private static final int MIN_HEADER_BYTES = FormatLimits.VERSION_2_HEADER_BYTES;

  /** One read of this size holds the whole header area of all but contrived images. */
  private static final int FIRST_READ_BYTES = 4096;

  private final BlockFile file;
  private final Path image;
  private final boolean checking;

  private HeaderParser(BlockFile file, boolean checking) {
    this.file = file;
    this.image = file.path();
    this.checking = checking;
  }

  /**
   * Reads the header.
   *
   * @param file the image
   * @param checking true for a checker, which must look at an image whose refcount table is gone
   * @throws ImageException when the header is corrupt, over a limit or needs an unknown feature
   * @throws IOException when reading fails
   */
  public static Qcow2Header parse(BlockFile file, boolean checking) throws IOException {
    return new HeaderParser(file, checking).parse();
  }

  /**
   * Whether a file begins like a qcow2 image, of any version that QEMU's probing knows. That
   * includes version 1, the older qcow format, which {@link #parse} refuses by its number: taken
   * for raw, its tables would pass for guest data.
   *
   * @param start the first bytes of the file, at least 8 or as many as there are
   */
  public static boolean looksLikeQcow2(ByteBuffer start) {
    return start.remaining() >= 8
        && start.getInt(start.position()) == MAGIC
        && start.getInt(start.position() + 4) != 0;
  }

  private Qcow2Header parse() throws IOException {
    ByteBuffer start = ByteBuffer.allocate(FIRST_READ_BYTES);
    int length = file.read(start, 0);
    start.flip();
    if (length < 8 || start.getInt(0) != MAGIC) {
      throw corrupt("Image is not in qcow2 format", "header magic", 0);
    }
    int version = start.getInt(4);
    if (version != 2 && version != 3) {
      throw new UnsupportedFeatureException(
          image,
          "Unsupported qcow2 version " + Integer.toUnsignedString(version),
          "version " + Integer.toUnsignedString(version));
    }
    if (length < MIN_HEADER_BYTES) {
      throw corrupt("qcow2 header too short", "header", length);
    }
    int clusterBits = start.getInt(20);
    if (clusterBits < FormatLimits.MIN_CLUSTER_BITS
        || clusterBits > FormatLimits.MAX_CLUSTER_BITS) {
      throw corrupt(
          "Unsupported cluster size: 2^" + Integer.toUnsignedString(clusterBits),
          "header field cluster_bits",
          20);
    }
    int headerLength = checkedHeaderLength(start, version, clusterBits);
    return parseFields(start, version, clusterBits, headerLength);
  }

  private int checkedHeaderLength(ByteBuffer start, int version, int clusterBits)
      throws ImageException {
    if (version == 2) {
      return FormatLimits.VERSION_2_HEADER_BYTES;
    }
    int headerLength =
        start.limit() < FormatLimits.VERSION_3_MIN_HEADER_BYTES ? 0 : start.getInt(100);
    if (Integer.compareUnsigned(headerLength, FormatLimits.VERSION_3_MIN_HEADER_BYTES) < 0) {
      throw corrupt("qcow2 header too short", "header field header_length", 100);
    }
    if (Integer.compareUnsigned(headerLength, 1 << clusterBits) > 0) {
      throw corrupt("qcow2 header exceeds cluster size", "header field header_length", 100);
    }
    return headerLength;
  }

  private Qcow2Header parseFields(ByteBuffer start, int version, int clusterBits, int headerLength)
      throws IOException {
    int clusterSize = 1 << clusterBits;
    long backingOffset = start.getLong(8);
    if (Long.compareUnsigned(backingOffset, clusterSize) > 0) {
      throw corrupt("Invalid backing file offset", "header field backing_file_offset", 8);
    }
    ByteBuffer area = wholeHeaderArea(start, backingOffset, headerLength, clusterSize);
    long incompatible = version == 2 ? 0 : area.getLong(72);
    CompressionType compressionType = compressionType(area, headerLength, incompatible);
    HeaderExtensionParser extensionParser =
        new HeaderExtensionParser(image, area, headerLength, extensionsEnd(backingOffset, area));
    refuseUnknownIncompatible(incompatible, extensionParser);

    Qcow2Header header =
        new Qcow2Header(
            version,
            clusterBits,
            area.getLong(24),
            area.getInt(32),
            area.getInt(36),
            area.getLong(40),
            area.getLong(48),
            area.getInt(56),
            area.getInt(60),
            area.getLong(64),
            incompatible,
            version == 2 ? 0 : area.getLong(80),
            version == 2 ? 0 : area.getLong(88),
            version == 2 ? 4 : area.getInt(96),
            headerLength,
            compressionType,
            backingOffset,
            null,
            HeaderExtensions.NONE,
            unknownTail(area, headerLength));
    new HeaderRules(image, header, checking).check();
    HeaderExtensions extensions = extensionParser.parse(header);
    HeaderRules.checkExtensions(image, header, extensions);
    return complete(header, extensions, backingName(area, header));
  }

  /**
   * The bytes up to the end of header and backing file name, or of the header cluster; missing ones
   * are zero.
   */
  private ByteBuffer wholeHeaderArea(
      ByteBuffer start, long backingOffset, int headerLength, int clusterSize) throws IOException {
    if (start.limit() < FIRST_READ_BYTES || clusterSize <= FIRST_READ_BYTES) {
      return padded(start, clusterSize);
    }
    if (backingOffset == 0 && listEndsWithin(start, headerLength)) {
      return start;
    }
    long nameEnd = backingOffset + Integer.toUnsignedLong(start.getInt(16));
    // The name may begin inside the header: its fields reach further then than the name does.
    long end = backingOffset == 0 ? clusterSize : Math.max(headerLength, nameEnd);
    if (end <= start.limit()) {
      return start;
    }
    ByteBuffer area = ByteBuffer.allocate(clusterSize);
    file.readPadded(area, 0);
    return area.flip();
  }

  private static ByteBuffer padded(ByteBuffer start, int clusterSize) {
    ByteBuffer area = ByteBuffer.allocate(clusterSize);
    area.put(start.duplicate().limit(Math.min(start.limit(), clusterSize)));
    return area.clear();
  }

  /** Whether the extension list reaches its end mark inside the bytes already read. */
  private static boolean listEndsWithin(ByteBuffer start, int headerLength) {
    long position = headerLength;
    while (position + 8 <= start.limit()) {
      if (start.getInt((int) position) == HeaderExtensions.TYPE_END) {
        return true;
      }
      long length = Integer.toUnsignedLong(start.getInt((int) position + 4));
      position += 8 + ((length + 7) & ~7L);
    }
    return false;
  }

  private static int extensionsEnd(long backingOffset, ByteBuffer area) {
    return backingOffset == 0 ? area.limit() : (int) Math.min(backingOffset, area.limit());
  }

  private CompressionType compressionType(ByteBuffer area, int headerLength, long incompatible)
      throws ImageException {
    int code =
        headerLength > FormatLimits.VERSION_3_MIN_HEADER_BYTES
            ? area.get(FormatLimits.VERSION_3_MIN_HEADER_BYTES) & 0xFF
            : 0;
    if (code > 1) {
      throw new UnsupportedFeatureException(
          image, "qcow2: unknown compression type: " + code, "compression type " + code);
    }
    boolean bitSet = (incompatible & Feature.COMPRESSION_TYPE.mask()) != 0;
    if (bitSet != (code != 0)) {
      throw corrupt(
          "qcow2: Compression type incompatible feature bit must "
              + (bitSet ? "not be set" : "be set"),
          "header field compression_type",
          FormatLimits.VERSION_3_MIN_HEADER_BYTES);
    }
    return code == 0 ? CompressionType.ZLIB : CompressionType.ZSTD;
  }

  private void refuseUnknownIncompatible(long incompatible, HeaderExtensionParser extensions)
      throws ImageException {
    long unknown = incompatible & ~Feature.knownMask(Feature.Group.INCOMPATIBLE);
    if (unknown == 0) {
      return;
    }
    FeatureNameTable names = extensions.featureNamesOnly();
    List<String> named = new ArrayList<>();
    long unnamed = 0;
    for (int bit = 0; bit < Long.SIZE; bit++) {
      if ((unknown & (1L << bit)) != 0) {
        String name = names.nameOf(Feature.Group.INCOMPATIBLE, bit);
        if (name == null) {
          unnamed |= 1L << bit;
        } else {
          named.add(name);
        }
      }
    }
    if (unnamed != 0) {
      named.add("Unknown incompatible feature: " + Long.toHexString(unnamed));
    }
    String list = String.join(", ", named);
    throw new UnsupportedFeatureException(image, "Unsupported qcow2 feature(s): " + list, list);
  }

  private @Nullable String backingName(ByteBuffer area, Qcow2Header header) throws ImageException {
    if (header.backingFileOffset() == 0) {
      return null;
    }
    long length = Integer.toUnsignedLong(area.getInt(16));
    long room = header.clusterSize() - header.backingFileOffset();
    if (length > Math.min(FormatLimits.MAX_BACKING_NAME_BYTES, room)) {
      throw new LimitExceededException(
          image,
          "Backing file name too long",
          "backing file name bytes",
          Math.min(FormatLimits.MAX_BACKING_NAME_BYTES, room));
    }
    // QEMU takes the name for a C string: what follows a NUL is no part of it, and an empty one is
    // none. To take it otherwise would be to open another file than QEMU does.
    int begin = (int) header.backingFileOffset();
    int end = begin;
    while (end < begin + length && area.get(end) != 0) {
      end++;
    }
    byte[] name = new byte[end - begin];
    area.get(begin, name);
    return name.length == 0 ? null : new String(name, StandardCharsets.UTF_8);
  }

  private static UnknownBytes unknownTail(ByteBuffer area, int headerLength) {
    if (headerLength <= FormatLimits.VERSION_3_HEADER_BYTES) {
      return UnknownBytes.NONE;
    }
    byte[] tail = new byte[headerLength - FormatLimits.VERSION_3_HEADER_BYTES];
    area.get(FormatLimits.VERSION_3_HEADER_BYTES, tail);
    return UnknownBytes.of(tail);
  }

  private static Qcow2Header complete(
      Qcow2Header raw, HeaderExtensions extensions, @Nullable String backingName) {
    return new Qcow2Header(
        raw.version(),
        raw.clusterBits(),
        raw.storedSize(),
        raw.cryptMethod(),
        raw.l1Entries(),
        raw.l1TableOffset(),
        raw.refcountTableOffset(),
        raw.refcountTableClusters(),
        raw.snapshotCount(),
        raw.snapshotsOffset(),
        raw.incompatibleFeatures(),
        raw.compatibleFeatures(),
        raw.autoclearFeatures(),
        raw.refcountOrder(),
        raw.headerLength(),
        raw.compressionType(),
        raw.backingFileOffset(),
        backingName,
        extensions,
        raw.unknownTail());
  }

  private CorruptImageException corrupt(String message, String structure, long hostOffset) {
    return new CorruptImageException(image, message, structure, hostOffset);
  }
}
