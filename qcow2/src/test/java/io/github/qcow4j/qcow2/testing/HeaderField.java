package io.github.qcow4j.qcow2.testing;

/** Fields of the image header (qcow2 specification, "Header"), by position and width in bytes. */
public enum HeaderField {
  MAGIC(0, 4),
  VERSION(4, 4),
  BACKING_FILE_OFFSET(8, 8),
  BACKING_FILE_SIZE(16, 4),
  CLUSTER_BITS(20, 4),
  SIZE(24, 8),
  CRYPT_METHOD(32, 4),
  L1_SIZE(36, 4),
  L1_TABLE_OFFSET(40, 8),
  REFCOUNT_TABLE_OFFSET(48, 8),
  REFCOUNT_TABLE_CLUSTERS(56, 4),
  NB_SNAPSHOTS(60, 4),
  SNAPSHOTS_OFFSET(64, 8),
  INCOMPATIBLE_FEATURES(72, 8),
  COMPATIBLE_FEATURES(80, 8),
  AUTOCLEAR_FEATURES(88, 8),
  REFCOUNT_ORDER(96, 4),
  HEADER_LENGTH(100, 4),
  COMPRESSION_TYPE(104, 1);

  private final int offset;
  private final int widthBytes;

  HeaderField(int offset, int widthBytes) {
    this.offset = offset;
    this.widthBytes = widthBytes;
  }

  public int offset() {
    return offset;
  }

  public int widthBytes() {
    return widthBytes;
  }
}
