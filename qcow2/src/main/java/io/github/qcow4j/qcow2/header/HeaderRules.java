package io.github.qcow4j.qcow2.header;

import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.nio.file.Path;

/** The rules that the fields of a header must keep among each other, in QEMU's order. */
final class HeaderRules {

  private final Path image;
  private final Qcow2Header header;
  private final boolean checking;

  HeaderRules(Path image, Qcow2Header header, boolean checking) {
    this.image = image;
    this.header = header;
    this.checking = checking;
  }

  void check() throws ImageException {
    checkWidths();
    checkTable(
        "Reference count table",
        "header field refcount_table_offset",
        48,
        Integer.toUnsignedLong(header.refcountTableClusters()) * header.clusterSize(),
        FormatLimits.MAX_REFCOUNT_TABLE_BYTES,
        header.refcountTableOffset());
    // A checker looks at the snapshot table itself, and can say more about it.
    if (!checking) {
      checkSnapshotTable();
    }
    checkTable(
        "Active L1 table",
        "header field l1_table_offset",
        40,
        Integer.toUnsignedLong(header.l1Entries()) * Long.BYTES,
        FormatLimits.MAX_L1_BYTES,
        header.l1TableOffset());
    checkSize();
    if (header.cryptMethod() < 0 || header.cryptMethod() > Qcow2Header.CRYPT_LUKS) {
      String method = Integer.toString(header.cryptMethod());
      throw new UnsupportedFeatureException(
          image, "Unsupported encryption method " + method, "encryption method " + method);
    }
  }

  private void checkSnapshotTable() throws ImageException {
    long snapshots = Integer.toUnsignedLong(header.snapshotCount());
    if (snapshots > FormatLimits.MAX_SNAPSHOTS) {
      throw tooLarge("Snapshot table", "snapshots", FormatLimits.MAX_SNAPSHOTS);
    }
    checkOffset(
        "Snapshot table",
        "header field snapshots_offset",
        64,
        snapshots * 40,
        header.snapshotsOffset());
  }

  private void checkWidths() throws ImageException {
    if (header.has(Feature.EXTENDED_L2)
        && header.clusterBits() < FormatLimits.MIN_EXTENDED_L2_CLUSTER_BITS) {
      throw corrupt(
          "Unsupported subcluster size: " + header.clusterSize() / 32,
          "header field cluster_bits",
          20);
    }
    if (Integer.compareUnsigned(header.refcountOrder(), FormatLimits.MAX_REFCOUNT_ORDER) > 0) {
      throw corrupt(
          "Reference count entry width too large; may not exceed 64 bits",
          "header field refcount_order",
          96);
    }
    if (header.refcountTableClusters() == 0 && !checking) {
      throw corrupt(
          "Image does not contain a reference count table",
          "header field refcount_table_clusters",
          56);
    }
  }

  private void checkTable(
      String name, String field, int fieldOffset, long bytes, long limitBytes, long hostOffset)
      throws ImageException {
    if (bytes > limitBytes) {
      throw tooLarge(name, name + " bytes", limitBytes);
    }
    checkOffset(name, field, fieldOffset, bytes, hostOffset);
  }

  private void checkOffset(String name, String field, int fieldOffset, long bytes, long hostOffset)
      throws ImageException {
    boolean past = hostOffset < 0 || hostOffset > Long.MAX_VALUE - bytes;
    if (past || (hostOffset & (header.clusterSize() - 1)) != 0) {
      throw corrupt(name + " offset invalid", field, fieldOffset);
    }
  }

  private void checkSize() throws ImageException {
    // A size of 2^63 and more would be negative here; no L1 table could hold it either.
    if (header.storedSize() < 0 || header.l1EntriesFor(header.storedSize()) > Integer.MAX_VALUE) {
      throw new LimitExceededException(
          image, "Image is too big", "L1 entries", Qcow2Header.maxL1Entries());
    }
    if (header.l1EntriesFor(header.storedSize()) > Integer.toUnsignedLong(header.l1Entries())) {
      throw corrupt("L1 table is too small", "header field l1_size", 36);
    }
  }

  /** The rules between fields and extensions. */
  static void checkExtensions(Path image, Qcow2Header header, HeaderExtensions extensions)
      throws ImageException {
    if (header.has(Feature.RAW_EXTERNAL_DATA) && !header.has(Feature.EXTERNAL_DATA_FILE)) {
      throw new CorruptImageException(
          image, "data-file-raw requires a data file", "header field autoclear_features", 88);
    }
    if (header.cryptMethod() == Qcow2Header.CRYPT_LUKS && extensions.encryptionHeader() == null) {
      throw new CorruptImageException(
          image, "Missing CRYPTO header for crypt method 2", "header extensions", -1);
    }
  }

  private CorruptImageException corrupt(String message, String field, long fieldOffset) {
    return new CorruptImageException(image, message, field, fieldOffset);
  }

  private LimitExceededException tooLarge(String name, String limitName, long limit) {
    return new LimitExceededException(image, name + " too large", limitName, limit);
  }
}
