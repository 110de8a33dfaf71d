package io.github.qcow4j.qcow2.header;

/** Where the fields of the header stand, in bytes (qcow2 specification, "Header"). */
public final class HeaderField {

  private HeaderField() {}

  public static final int MAGIC = 0;
  public static final int VERSION = 4;
  public static final int BACKING_FILE_OFFSET = 8;
  public static final int BACKING_FILE_SIZE = 16;
  public static final int CLUSTER_BITS = 20;
  public static final int SIZE = 24;
  public static final int CRYPT_METHOD = 32;
  public static final int L1_SIZE = 36;
  public static final int L1_TABLE_OFFSET = 40;
  public static final int REFCOUNT_TABLE_OFFSET = 48;
  public static final int REFCOUNT_TABLE_CLUSTERS = 56;
  public static final int SNAPSHOT_COUNT = 60;
  public static final int SNAPSHOTS_OFFSET = 64;
  public static final int INCOMPATIBLE_FEATURES = 72;
  public static final int COMPATIBLE_FEATURES = 80;
  public static final int AUTOCLEAR_FEATURES = 88;
  public static final int REFCOUNT_ORDER = 96;
  public static final int HEADER_LENGTH = 100;
  public static final int COMPRESSION_TYPE = 104;
}
