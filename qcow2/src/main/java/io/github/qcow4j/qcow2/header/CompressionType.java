package io.github.qcow4j.qcow2.header;

/** How an image's clusters are compressed (qcow2 specification, "Additional fields"). */
public enum CompressionType {
  /** Raw deflate streams (RFC 1951), called "zlib" by every tool. */
  ZLIB(0, "zlib"),
  /** Zstandard frames (RFC 8878). */
  ZSTD(1, "zstd");

  private final int code;
  private final String label;

  CompressionType(int code, String label) {
    this.code = code;
    this.label = label;
  }

  /** The value of the header field. */
  public int code() {
    return code;
  }

  /** The name in options and reports. */
  public String label() {
    return label;
  }
}
