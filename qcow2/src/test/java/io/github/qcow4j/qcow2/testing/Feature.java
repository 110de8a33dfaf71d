package io.github.qcow4j.qcow2.testing;

/**
 * What a generated image is meant to exercise; an image has several. Layer features count for any
 * layer of a chain.
 */
public enum Feature {
  /** The top layer has format version 2. */
  VERSION_2,
  /** The top layer has format version 3. */
  VERSION_3,
  /** The top layer has extended L2 entries. */
  EXTENDED_L2,
  /** Some layer was written with deflate-compressed clusters. */
  ZLIB_CLUSTERS,
  /** Some layer was written with zstd-compressed clusters. */
  ZSTD_CLUSTERS,
  /** A compressed range ends at a virtual size that is no multiple of the cluster size. */
  COMPRESSED_TAIL,
  /** Normal data was written over a compressed cluster. */
  COMPRESSED_OVERWRITTEN,
  /** Some layer keeps its guest data in an external data file, without the raw flag. */
  DATA_FILE,
  /** Some layer keeps its guest data in an external data file with the raw flag. */
  DATA_FILE_RAW,
  /** Some layer was created with {@code preallocation=metadata}. */
  PREALLOCATED_METADATA,
  /** Some layer was created with {@code preallocation=falloc}. */
  PREALLOCATED_FALLOC,
  /** Some layer was created with {@code preallocation=full}. */
  PREALLOCATED_FULL,
  /** The top layer was created with lazy refcounts. */
  LAZY_REFCOUNTS,
  /** The top layer's refcount width is not 16 bits. */
  ODD_REFCOUNT_WIDTH,
  /** The top layer holds internal snapshots. */
  SNAPSHOTS,
  /** Some internal snapshot's virtual size differs from the image's. */
  SNAPSHOT_SIZE_DIFFERS,
  /** VM state was written behind the virtual disk before a snapshot. */
  VM_STATE,
  /** The top layer holds persistent bitmaps. */
  BITMAPS,
  /** There is at least one backing file. */
  CHAIN,
  /** There are at least eight backing files. */
  DEEP_CHAIN,
  /** The chain ends in a raw file. */
  RAW_BASE,
  /** The chain ends in a raw file whose length is no multiple of 512. */
  ODD_RAW_BASE,
  /** Some parent is shorter than its overlay. */
  SHORTER_PARENT,
  /** Some parent is longer than its overlay. */
  LONGER_PARENT,
  /** The qcow2 layers do not all have the same cluster size. */
  MIXED_CLUSTER_SIZES,
  /** The qcow2 layers do not all have the same version. */
  MIXED_VERSIONS,
  /** The qcow2 layers do not all have the same compression type. */
  MIXED_CODECS,
  /** Some backing name is absolute. */
  ABSOLUTE_BACKING_NAME,
  /** Some backing name is relative and leads into or out of a sub folder. */
  BACKING_NAME_WITH_FOLDER,
  /** The virtual size is no multiple of the cluster size. */
  UNALIGNED_SIZE,
  /** Nothing was ever written to the top layer. */
  EMPTY,
  /** The virtual size needs more than one L2 table. */
  SEVERAL_L2_TABLES,
  /** The virtual size exceeds 64 MiB: compare sparsely, never byte by byte. */
  HUGE,
  /** Zeroes were written with the zero command. */
  ZEROED,
  /** Ranges were discarded. */
  DISCARDED
}
