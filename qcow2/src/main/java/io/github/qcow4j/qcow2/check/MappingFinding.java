package io.github.qcow4j.qcow2.check;

import static java.lang.Long.toHexString;

/** Something wrong with an L1 table, an L2 table or one of their entries. */
public sealed interface MappingFinding extends CheckFinding {

  /**
   * Whether a copied flag is clear that could be set, and nothing worse. Such an entry is read like
   * any other; the next write to it goes to a new cluster instead of this one (qcow2 specification,
   * "Cluster mapping"). A flag that is set where the cluster is shared is another thing: the next
   * write changes what others read.
   */
  default boolean isMissingCopiedFlag() {
    return false;
  }

  /**
   * Bits of an L1 entry are set that the format reserves.
   *
   * @param entryOffset where the entry stands in the file
   * @param entry the entry
   */
  record ReservedL1Bits(long entryOffset, long entry) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR found L1 entry with reserved bits set: " + toHexString(entry);
    }
  }

  /**
   * An L1 entry names an L2 table that begins within a cluster.
   *
   * @param entryOffset where the L1 entry stands in the file
   * @param hostOffset where the L2 table is said to stand
   */
  record MisalignedL2Table(long entryOffset, long hostOffset) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR l2_offset="
          + toHexString(hostOffset)
          + ": Table is not cluster aligned; L1 entry corrupted";
    }
  }

  /**
   * Bits of a standard L2 entry are set that the format reserves.
   *
   * @param entryOffset where the entry stands in the file
   * @param entry the entry, of an extended one its first word
   */
  record ReservedL2Bits(long entryOffset, long entry) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR found l2 entry with reserved bits set: " + toHexString(entry);
    }
  }

  /**
   * A compressed cluster claims that it may be written in place.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param hostOffset where the compressed data begin
   */
  record CompressedCopied(long entryOffset, long hostOffset) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR: coffset=0x"
          + toHexString(hostOffset)
          + ": copied flag must never be set for compressed clusters";
    }
  }

  /**
   * A compressed cluster begins behind the end of the file, by less than a cluster. Told to those
   * who inspect an image only; a check, as QEMU's, lets pass what leaves the file by so little.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param hostOffset where the compressed data are said to begin
   * @param fileBytes how long the file is
   */
  record CompressedPastEnd(long entryOffset, long hostOffset, long fileBytes)
      implements MappingFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "compressed cluster at offset 0x"
          + toHexString(hostOffset)
          + ", the file has "
          + fileBytes
          + " bytes";
    }
  }

  /**
   * A compressed cluster in an image whose data are in an external file.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param l2Index its index in the L2 table
   * @param entry the entry, without the copied flag
   */
  record CompressedWithDataFile(long entryOffset, int l2Index, long entry)
      implements MappingFinding {
    @Override
    public String message() {
      return "ERROR compressed cluster "
          + l2Index
          + " with data file, entry=0x"
          + toHexString(entry);
    }
  }

  /**
   * A compressed cluster with subclusters.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param l2Index its index in the L2 table
   * @param entry the entry's first word, without the copied flag
   */
  record CompressedWithSubclusters(long entryOffset, int l2Index, long entry)
      implements MappingFinding {
    @Override
    public String message() {
      return "ERROR compressed cluster "
          + l2Index
          + " with non-zero subcluster allocation bitmap, entry=0x"
          + toHexString(entry);
    }
  }

  /**
   * Subclusters are allocated, but no cluster is there to hold them.
   *
   * @param entryOffset where the L2 entry stands in the file
   */
  record UnallocatedWithSubclusters(long entryOffset) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR: Unallocated cluster has non-zero subcluster allocation map";
    }
  }

  /**
   * A subcluster is both allocated and zero.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param hostOffset where the cluster stands
   */
  record ContradictorySubclusters(long entryOffset, long hostOffset) implements MappingFinding {
    @Override
    public String message() {
      return "ERROR offset="
          + toHexString(hostOffset)
          + ": Allocated cluster has corrupted subcluster allocation bitmap";
    }
  }

  /**
   * An L2 entry names a cluster that begins within a cluster.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param hostOffset where the cluster is said to stand
   * @param holdsData whether it holds guest data; otherwise it is only reserved for some
   */
  record MisalignedCluster(long entryOffset, long hostOffset, boolean holdsData)
      implements MappingFinding {
    @Override
    public String message() {
      return "ERROR offset="
          + toHexString(hostOffset)
          + ": "
          + (holdsData ? "Data" : "Preallocated")
          + " cluster is not properly aligned; L2 entry corrupted.";
    }
  }

  /**
   * The copied flag of an L1 entry contradicts the L2 table's stored reference count.
   *
   * @param l1Index index of the entry in the active L1 table
   * @param entry the entry
   * @param refcount the stored count, unsigned
   */
  record WrongCopiedFlagOfTable(int l1Index, long entry, long refcount) implements MappingFinding {
    @Override
    public boolean isMissingCopiedFlag() {
      return entry >= 0;
    }

    @Override
    public String message() {
      return "ERROR OFLAG_COPIED L2 cluster: l1_index="
          + l1Index
          + " l1_entry="
          + toHexString(entry)
          + " refcount="
          + Long.toUnsignedString(refcount);
    }
  }

  /**
   * The copied flag of an L2 entry contradicts the cluster's stored reference count.
   *
   * @param entryOffset where the L2 entry stands in the file
   * @param entry the entry, of an extended one its first word
   * @param refcount the stored count, unsigned
   */
  record WrongCopiedFlagOfCluster(long entryOffset, long entry, long refcount)
      implements MappingFinding {
    @Override
    public boolean isMissingCopiedFlag() {
      return entry >= 0;
    }

    @Override
    public String message() {
      return "ERROR OFLAG_COPIED data cluster: l2_entry="
          + toHexString(entry)
          + " refcount="
          + Long.toUnsignedString(refcount);
    }
  }

  /**
   * A table could not be read; the check ends here with the storage's own exception.
   *
   * @param kind which kind of table
   * @param hostOffset where it stands in the file
   */
  record TableUnreadable(Kind kind, long hostOffset) implements MappingFinding {

    /** The kinds of tables. */
    public enum Kind {
      /** An L1 table, of the disk or of an internal snapshot. */
      L1("check_refcounts_l1"),
      /** An L2 table. */
      L2("check_refcounts_l2");

      private final String qemuName;

      Kind(String qemuName) {
        this.qemuName = qemuName;
      }
    }

    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "ERROR: I/O error in " + kind.qemuName;
    }
  }
}
