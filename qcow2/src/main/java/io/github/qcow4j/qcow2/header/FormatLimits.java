package io.github.qcow4j.qcow2.header;

/**
 * The limits of the format, each checked before memory is taken for what it bounds.
 *
 * <p>They are those that QEMU enforces, so that every image QEMU opens is opened and none that QEMU
 * would refuse is written; but for three that QEMU does not know, {@link #MAX_BITMAP_TABLES_BYTES},
 * {@link #MAX_CHAIN_L1_BYTES} and {@link #MAX_REPEATED_L2_BYTES}, and for what {@link
 * io.github.qcow4j.qcow2.table.TableBounds#walkableBytes} says: they are for images that were made
 * to keep their readers busy.
 */
public final class FormatLimits {

  private FormatLimits() {}

  /** The smallest cluster is one sector. */
  public static final int MIN_CLUSTER_BITS = 9;

  /** The largest cluster is 2 MiB. */
  public static final int MAX_CLUSTER_BITS = 21;

  /** Extended L2 entries need subclusters of at least one sector: clusters of 16 KiB. */
  public static final int MIN_EXTENDED_L2_CLUSTER_BITS = 14;

  /** The header of version 2 ends here. */
  public static final int VERSION_2_HEADER_BYTES = 72;

  /** The shortest header of version 3. */
  public static final int VERSION_3_MIN_HEADER_BYTES = 104;

  /** A full version 3 header with compression type and padding. */
  public static final int VERSION_3_HEADER_BYTES = 112;

  /** Longest backing file name; PATH_MAX less than the header cluster's smallest useful share. */
  public static final int MAX_BACKING_NAME_BYTES = 1023;

  /** Longest backing format name. */
  public static final int MAX_BACKING_FORMAT_BYTES = 15;

  /** Largest L1 table, active or of a snapshot: 2 PiB of disk at 64 KiB clusters. */
  public static final long MAX_L1_BYTES = 32L << 20;

  /**
   * Most of all L1 tables of a chain together, which stay in memory while it is open. This one is
   * ours: eleven files of no size to speak of would fill the program's heap. 256 layers of 8 TiB at
   * 64 KiB clusters take 32 MiB, 64 of 1 TiB at 4 KiB all of it.
   */
  public static final long MAX_CHAIN_L1_BYTES = 8 * MAX_L1_BYTES;

  /**
   * Most of L2 tables that the L1 tables of a chain together name more than once. This one is ours:
   * an L1 table of 32 MiB whose entries all name one L2 table would have everybody who looks
   * through it look through 256 GiB with clusters of 64 KiB. A map of 256 repetitions of a table of
   * that size in which no two clusters are neighbours, 2.1 million clusters, takes the packaged
   * program 1.3 s; but where every second one is looked for in 255 layers below, whose L2 tables
   * hold nothing, a quarter of that took 11 s on a busy machine. This is an eighth.
   */
  public static final long MAX_REPEATED_L2_BYTES = 2L << 20;

  /**
   * The same of extended entries, which can tell 16 times as many extents in as many bytes: 32 for
   * each 16, not one for each 8. 33.7 million of them, in 156 KB, took a map over a minute.
   */
  public static final long MAX_REPEATED_EXTENDED_L2_BYTES = MAX_REPEATED_L2_BYTES / 16;

  /** Largest refcount table. */
  public static final long MAX_REFCOUNT_TABLE_BYTES = 8L << 20;

  /** Widest refcount: 64 bits. */
  public static final int MAX_REFCOUNT_ORDER = 6;

  /** Most internal snapshots. */
  public static final int MAX_SNAPSHOTS = 65536;

  /** Most unknown extra data of one snapshot. */
  public static final int MAX_SNAPSHOT_EXTRA_BYTES = 1024;

  /** Largest snapshot table. */
  public static final long MAX_SNAPSHOT_TABLE_BYTES = 1024L * MAX_SNAPSHOTS;

  /** Most bitmaps. */
  public static final int MAX_BITMAPS = 65535;

  /** Longest bitmap name. */
  public static final int MAX_BITMAP_NAME_BYTES = 1023;

  /** Largest bitmap directory. */
  public static final long MAX_BITMAP_DIRECTORY_BYTES = 1024L * MAX_BITMAPS;

  /** Most entries of one bitmap table. */
  public static final long MAX_BITMAP_TABLE_ENTRIES = 0x8000000L;

  /**
   * Most of all bitmap tables together, beside the storage that the file takes. This one is ours:
   * every table has storage of its own, but 65,535 bitmaps can name one table of a megabyte, which
   * every change of them would read as often.
   */
  public static final long MAX_BITMAP_TABLES_BYTES = 64L << 20;

  /** Most data of one bitmap. */
  public static final long MAX_BITMAP_DATA_BYTES = 512L << 20;

  /** Finest bitmap: one bit for a sector. */
  public static final int MIN_BITMAP_GRANULARITY_BITS = 9;

  /** Coarsest bitmap: one bit for 2 GiB. */
  public static final int MAX_BITMAP_GRANULARITY_BITS = 31;

  /** Host offsets have 56 bits. */
  public static final long MAX_HOST_OFFSET = 1L << 56;

  /**
   * Where QEMU lets files end, 2<sup>63</sup> less one GiB: what is said to stand beyond cannot be
   * read.
   */
  public static final long MAX_FILE_BYTES = Long.MAX_VALUE - (1L << 30) + 1;

  /** Sizes are counted in sectors of this many bytes. */
  public static final int SECTOR_BYTES = 512;
}
