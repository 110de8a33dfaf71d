package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.HeaderExtensions.BitmapsExtension;
import io.github.qcow4j.qcow2.header.HeaderExtensions.EncryptionHeader;
import io.github.qcow4j.qcow2.header.HeaderExtensions.UnknownExtension;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Puts a header back into bytes: the whole header cluster, fields, extensions and backing file
 * name, in the order in which QEMU writes them. What the image has that nobody here understands is
 * carried over.
 */
public final class HeaderWriter {

  /** QEMU leaves the feature name table out where the header cluster is this small. */
  private static final int MIN_CLUSTER_FOR_FEATURE_NAMES = 8192;

  private HeaderWriter() {}

  /**
   * The header cluster of an image.
   *
   * @param image for messages
   * @param header what to write; its headerLength and backingFileOffset are computed anew
   * @throws LimitExceededException when the backing file's name is longer than 1023 bytes, or all
   *     of it does not fit into one cluster
   */
  public static ByteBuffer encode(Path image, Qcow2Header header) throws LimitExceededException {
    return encode(image, header, header.clusterSize() >= MIN_CLUSTER_FOR_FEATURE_NAMES);
  }

  /** The same without the feature name table, which nothing but messages needs. */
  static ByteBuffer encodeWithoutFeatureNames(Path image, Qcow2Header header)
      throws LimitExceededException {
    return encode(image, header, false);
  }

  private static ByteBuffer encode(Path image, Qcow2Header header, boolean withFeatureNames)
      throws LimitExceededException {
    String backingName = header.backingFileName();
    if (backingName != null
        && backingName.getBytes(StandardCharsets.UTF_8).length
            > FormatLimits.MAX_BACKING_NAME_BYTES) {
      throw new LimitExceededException(
          image,
          "Backing file name too long",
          "backing file name bytes",
          FormatLimits.MAX_BACKING_NAME_BYTES);
    }
    ByteBuffer cluster = ByteBuffer.allocate(header.clusterSize());
    try {
      int headerLength = putFields(cluster, header);
      cluster.position(headerLength);
      putExtensions(cluster, header, withFeatureNames);
      putBackingName(cluster, header);
    } catch (BufferOverflowException | IndexOutOfBoundsException e) {
      throw new LimitExceededException(
          image, "No space left on device", "header cluster bytes", header.clusterSize());
    }
    return cluster.clear();
  }

  private static int putFields(ByteBuffer to, Qcow2Header header) {
    to.putInt(HeaderField.MAGIC, HeaderParser.MAGIC);
    to.putInt(HeaderField.VERSION, header.version());
    to.putInt(HeaderField.CLUSTER_BITS, header.clusterBits());
    to.putLong(HeaderField.SIZE, header.storedSize());
    to.putInt(HeaderField.CRYPT_METHOD, header.cryptMethod());
    to.putInt(HeaderField.L1_SIZE, header.l1Entries());
    to.putLong(HeaderField.L1_TABLE_OFFSET, header.l1TableOffset());
    to.putLong(HeaderField.REFCOUNT_TABLE_OFFSET, header.refcountTableOffset());
    to.putInt(HeaderField.REFCOUNT_TABLE_CLUSTERS, header.refcountTableClusters());
    to.putInt(HeaderField.SNAPSHOT_COUNT, header.snapshotCount());
    to.putLong(HeaderField.SNAPSHOTS_OFFSET, header.snapshotsOffset());
    if (header.version() == 2) {
      return FormatLimits.VERSION_2_HEADER_BYTES;
    }
    int length = FormatLimits.VERSION_3_HEADER_BYTES + header.unknownTail().length();
    to.putLong(HeaderField.INCOMPATIBLE_FEATURES, header.incompatibleFeatures());
    to.putLong(HeaderField.COMPATIBLE_FEATURES, header.compatibleFeatures());
    to.putLong(HeaderField.AUTOCLEAR_FEATURES, header.autoclearFeatures());
    to.putInt(HeaderField.REFCOUNT_ORDER, header.refcountOrder());
    to.putInt(HeaderField.HEADER_LENGTH, length);
    to.put(HeaderField.COMPRESSION_TYPE, (byte) header.compressionType().code());
    to.put(FormatLimits.VERSION_3_HEADER_BYTES, header.unknownTail().toByteArray());
    return length;
  }

  private static void putExtensions(ByteBuffer to, Qcow2Header header, boolean withFeatureNames) {
    HeaderExtensions extensions = header.extensions();
    if (extensions.backingFormat() != null) {
      putText(to, HeaderExtensions.TYPE_BACKING_FORMAT, extensions.backingFormat());
    }
    if (extensions.dataFileName() != null) {
      putText(to, HeaderExtensions.TYPE_DATA_FILE, extensions.dataFileName());
    }
    EncryptionHeader encryption = extensions.encryptionHeader();
    if (encryption != null) {
      begin(to, HeaderExtensions.TYPE_ENCRYPTION, 16);
      to.putLong(encryption.hostOffset()).putLong(encryption.lengthBytes());
    }
    if (header.version() >= 3 && withFeatureNames) {
      putFeatureNames(to);
    }
    BitmapsExtension bitmaps = extensions.bitmaps();
    if (bitmaps != null) {
      begin(to, HeaderExtensions.TYPE_BITMAPS, 24);
      to.putInt(bitmaps.bitmapCount()).putInt(0);
      to.putLong(bitmaps.directoryBytes()).putLong(bitmaps.directoryOffset());
    }
    for (UnknownExtension unknown : extensions.unknown()) {
      begin(to, unknown.type(), unknown.data().length());
      to.put(unknown.data().toByteArray());
      pad(to, unknown.data().length());
    }
    begin(to, HeaderExtensions.TYPE_END, 0);
  }

  private static void putBackingName(ByteBuffer to, Qcow2Header header) {
    if (header.backingFileName() == null) {
      to.putLong(HeaderField.BACKING_FILE_OFFSET, 0);
      to.putInt(HeaderField.BACKING_FILE_SIZE, 0);
      return;
    }
    byte[] name = header.backingFileName().getBytes(StandardCharsets.UTF_8);
    to.putLong(HeaderField.BACKING_FILE_OFFSET, to.position());
    to.putInt(HeaderField.BACKING_FILE_SIZE, name.length);
    to.put(name);
  }

  private static void putFeatureNames(ByteBuffer to) {
    Feature[] features = Feature.values();
    begin(to, HeaderExtensions.TYPE_FEATURE_NAMES, features.length * FeatureNameTable.ENTRY_BYTES);
    for (Feature feature : features) {
      int start = to.position();
      to.put((byte) feature.group().code()).put((byte) feature.bit());
      to.put(feature.specificationName().getBytes(StandardCharsets.US_ASCII));
      to.put(new byte[start + FeatureNameTable.ENTRY_BYTES - to.position()]);
    }
  }

  private static void putText(ByteBuffer to, int type, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    begin(to, type, bytes.length);
    to.put(bytes);
    pad(to, bytes.length);
  }

  private static void begin(ByteBuffer to, int type, int length) {
    to.putInt(type).putInt(length);
  }

  /** Counted from where the data begin: a header need not end on a multiple of eight. */
  private static void pad(ByteBuffer to, int length) {
    to.put(new byte[-length & 7]);
  }
}
