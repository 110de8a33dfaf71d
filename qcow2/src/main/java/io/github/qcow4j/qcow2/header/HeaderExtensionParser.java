package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Walks the list of header extensions: items of type, length and data, each padded to eight bytes,
 * from the end of the header to an end mark, the backing file name or the end of the cluster (qcow2
 * specification, "Header extensions").
 */
final class HeaderExtensionParser {

  private final Path image;
  private final ByteBuffer area;
  private final int begin;
  private final int end;

  private @Nullable String backingFormat;
  private @Nullable String dataFileName;
  private FeatureNameTable featureNames = FeatureNameTable.EMPTY;
  private @Nullable BitmapsExtension bitmaps;
  private @Nullable EncryptionHeader encryption;
  private final List<UnknownExtension> unknown = new ArrayList<>();

  HeaderExtensionParser(Path image, ByteBuffer area, int begin, int end) {
    this.image = image;
    this.area = area;
    this.begin = begin;
    this.end = end;
  }

  HeaderExtensions parse(Qcow2Header header) throws ImageException {
    int position = begin;
    while (position < end) {
      // The end mark has a length too, and it must not lead out of the list either.
      if (position > end - 8
          || Integer.toUnsignedLong(area.getInt(position + 4)) > end - position - 8) {
        throw new CorruptImageException(
            image, "Header extension too large", "header extensions", position);
      }
      int type = area.getInt(position);
      if (type == HeaderExtensions.TYPE_END) {
        break;
      }
      int length = area.getInt(position + 4);
      accept(header, type, position + 8, length);
      position += 8 + ((length + 7) & ~7);
    }
    return new HeaderExtensions(
        backingFormat, dataFileName, featureNames, bitmaps, encryption, unknown);
  }

  /**
   * The feature names alone, for a refusal; a list that is damaged gives those found before the
   * damage.
   */
  FeatureNameTable featureNamesOnly() {
    int position = begin;
    while (position <= end - 8) {
      int type = area.getInt(position);
      long length = Integer.toUnsignedLong(area.getInt(position + 4));
      if (type == HeaderExtensions.TYPE_END || length > end - position - 8) {
        break;
      }
      if (type == HeaderExtensions.TYPE_FEATURE_NAMES) {
        return FeatureNameTable.parse(area.slice(position + 8, (int) length));
      }
      position += 8 + (int) ((length + 7) & ~7L);
    }
    return FeatureNameTable.EMPTY;
  }

  private void accept(Qcow2Header header, int type, int position, int length)
      throws ImageException {
    switch (type) {
      case HeaderExtensions.TYPE_BACKING_FORMAT -> {
        if (length > FormatLimits.MAX_BACKING_FORMAT_BYTES) {
          throw new LimitExceededException(
              image,
              "ERROR: ext_backing_format: len=" + length + " too large (>=16)",
              "backing format name bytes",
              FormatLimits.MAX_BACKING_FORMAT_BYTES);
        }
        backingFormat = text(position, length);
      }
      case HeaderExtensions.TYPE_FEATURE_NAMES ->
          featureNames = FeatureNameTable.parse(area.slice(position, length));
      case HeaderExtensions.TYPE_DATA_FILE -> dataFileName = text(position, length);
      case HeaderExtensions.TYPE_ENCRYPTION -> encryption = encryption(header, position, length);
      case HeaderExtensions.TYPE_PASSED_OVER -> {}
      case HeaderExtensions.TYPE_BITMAPS -> acceptBitmaps(header, position, length);
      default -> {
        byte[] data = new byte[length];
        area.get(position, data);
        unknown.add(new UnknownExtension(type, UnknownBytes.of(data)));
      }
    }
  }

  private EncryptionHeader encryption(Qcow2Header header, int position, int length)
      throws ImageException {
    if (header.cryptMethod() != Qcow2Header.CRYPT_LUKS) {
      throw corrupt("CRYPTO header extension only expected with LUKS encryption method", position);
    }
    if (length != 16) {
      throw corrupt("CRYPTO header extension size " + length + ", but expected size 16", position);
    }
    long hostOffset = area.getLong(position);
    if ((hostOffset & (header.clusterSize() - 1)) != 0) {
      throw corrupt(
          "Encryption header offset '"
              + Long.toUnsignedString(hostOffset)
              + "' is not a multiple of cluster size '"
              + header.clusterSize()
              + "'",
          position);
    }
    return new EncryptionHeader(hostOffset, area.getLong(position + 8));
  }

  /** Without its autoclear bit the extension is stale: QEMU ignores it, and so do we. */
  private void acceptBitmaps(Qcow2Header header, int position, int length) throws ImageException {
    if (length != 24) {
      throw corrupt("bitmaps_ext: Invalid extension length", position);
    }
    if (!header.has(Feature.BITMAPS)) {
      return;
    }
    long count = Integer.toUnsignedLong(area.getInt(position));
    long directoryBytes = area.getLong(position + 8);
    long directoryOffset = area.getLong(position + 16);
    if (area.getInt(position + 4) != 0) {
      throw corrupt("bitmaps_ext: Reserved field is not zero", position + 4);
    }
    if (count > FormatLimits.MAX_BITMAPS) {
      throw new LimitExceededException(
          image,
          "bitmaps_ext: Image has "
              + count
              + " bitmaps, exceeding the QEMU supported maximum of "
              + FormatLimits.MAX_BITMAPS,
          "bitmaps",
          FormatLimits.MAX_BITMAPS);
    }
    if (count == 0) {
      throw corrupt("found bitmaps extension with zero bitmaps", position);
    }
    if ((directoryOffset & (header.clusterSize() - 1)) != 0) {
      throw corrupt("bitmaps_ext: invalid bitmap directory offset", position + 16);
    }
    if (Long.compareUnsigned(directoryBytes, FormatLimits.MAX_BITMAP_DIRECTORY_BYTES) > 0) {
      throw new LimitExceededException(
          image,
          "bitmaps_ext: bitmap directory size ("
              + Long.toUnsignedString(directoryBytes)
              + ") exceeds the maximum supported size ("
              + FormatLimits.MAX_BITMAP_DIRECTORY_BYTES
              + ")",
          "bitmap directory bytes",
          FormatLimits.MAX_BITMAP_DIRECTORY_BYTES);
    }
    if (directoryBytes == 0) {
      throw corrupt("Requested bitmap directory size is zero", position + 8);
    }
    bitmaps = new BitmapsExtension((int) count, directoryBytes, directoryOffset);
  }

  private String text(int position, int length) {
    byte[] bytes = new byte[length];
    area.get(position, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private CorruptImageException corrupt(String message, int position) {
    return new CorruptImageException(image, message, "header extensions", position);
  }
}
