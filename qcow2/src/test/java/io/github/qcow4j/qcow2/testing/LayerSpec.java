package io.github.qcow4j.qcow2.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How one qcow2 layer of a generated image is created. */
record LayerSpec(
    int version,
    int clusterBits,
    int refcountBits,
    Codec codec,
    boolean extendedL2,
    DataFile dataFile,
    Preallocation preallocation,
    boolean lazyRefcounts) {

  enum Codec {
    ZLIB,
    ZSTD
  }

  enum DataFile {
    NONE,
    PLAIN,
    RAW
  }

  enum Preallocation {
    OFF,
    METADATA,
    FALLOC,
    FULL
  }

  long clusterSizeBytes() {
    return 1L << clusterBits;
  }

  /** Guest bytes that one L2 table covers. */
  long l2CoverageBytes() {
    return clusterSizeBytes() * clusterSizeBytes() / (extendedL2 ? 16 : 8);
  }

  /** The smallest unit with an allocation state of its own. */
  long unitBytes() {
    return extendedL2 ? clusterSizeBytes() / 32 : clusterSizeBytes();
  }

  boolean mayCompress() {
    return dataFile == DataFile.NONE && preallocation == Preallocation.OFF;
  }

  boolean maySnapshot() {
    return dataFile == DataFile.NONE && refcountBits >= 2;
  }

  /**
   * The text for {@code -o}; {@code dataFileName} is used only when this layer has an external data
   * file.
   */
  String options(String dataFileName) {
    List<String> options = new ArrayList<>();
    options.add("compat=" + (version == 2 ? "0.10" : "1.1"));
    options.add("cluster_size=" + clusterSizeBytes());
    options.add("refcount_bits=" + refcountBits);
    if (codec == Codec.ZSTD) {
      options.add("compression_type=zstd");
    }
    if (extendedL2) {
      options.add("extended_l2=on");
    }
    if (lazyRefcounts) {
      options.add("lazy_refcounts=on");
    }
    if (preallocation != Preallocation.OFF) {
      options.add("preallocation=" + preallocation.name().toLowerCase(Locale.ROOT));
    }
    if (dataFile != DataFile.NONE) {
      options.add("data_file=" + dataFileName);
    }
    if (dataFile == DataFile.RAW) {
      options.add("data_file_raw=on");
    }
    return String.join(",", options);
  }
}
