package io.github.qcow4j.qcow2.check;

import static java.lang.Long.toHexString;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Something wrong with a reference, a stored reference count, or the structures that store it. */
public sealed interface RefcountFinding extends CheckFinding {

  /**
   * Something is said to stand where the file has ended at least one cluster earlier.
   *
   * @param hostOffset where it is said to begin
   * @param lengthBytes its length
   */
  record ReferencePastEnd(long hostOffset, long lengthBytes) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR: counting reference for region exceeding the end of the file by one cluster or"
          + " more: offset 0x"
          + toHexString(hostOffset)
          + " size 0x"
          + toHexString(lengthBytes);
    }
  }

  /**
   * A cluster has more references than the image's counters can hold.
   *
   * @param hostOffset where the cluster stands
   */
  record TooManyReferences(long hostOffset) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR: overflow cluster offset=0x"
          + toHexString(hostOffset)
          + "\nUse qemu-img amend to increase the refcount entry width or qemu-img convert to"
          + " create a clean copy if the image cannot be opened for writing";
    }
  }

  /**
   * Bits of a refcount table entry are set that the format reserves.
   *
   * @param tableIndex index of the entry
   */
  record ReservedTableBits(long tableIndex) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR refcount table entry " + tableIndex + " has reserved bits set";
    }
  }

  /**
   * A refcount block is said to begin within a cluster.
   *
   * @param tableIndex index of its entry in the refcount table
   */
  record MisalignedBlock(long tableIndex) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR refcount block "
          + tableIndex
          + " is not cluster aligned; refcount table entry corrupted";
    }
  }

  /**
   * A refcount block is said to stand past the end of the file.
   *
   * @param tableIndex index of its entry in the refcount table
   */
  record BlockOutsideImage(long tableIndex) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR refcount block " + tableIndex + " is outside image";
    }
  }

  /**
   * A refcount block is used for something else too.
   *
   * @param tableIndex index of its entry in the refcount table
   * @param references how many references it has
   */
  record SharedBlock(long tableIndex, long references) implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR refcount block "
          + tableIndex
          + " refcount="
          + Long.toUnsignedString(references);
    }
  }

  /**
   * A place of metadata is referred to more often than that: something else stands there too. Told
   * to those who inspect an image only; a check counts what it leads to.
   *
   * @param structure what should stand there alone
   * @param hostOffset the shared cluster
   * @param references how many references it has
   */
  record Overlap(String structure, long hostOffset, long references) implements RefcountFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return structure
          + " at offset 0x"
          + toHexString(hostOffset)
          + " has "
          + Long.toUnsignedString(references)
          + " references";
    }
  }

  /**
   * A stored count was asked for whose block has no aligned place; said once for each check.
   *
   * @param tableIndex index of its entry in the refcount table
   * @param hostOffset where the block is said to stand
   */
  record UnreadableBlock(long tableIndex, long hostOffset) implements RefcountFinding {
    @Override
    public Severity severity() {
      return Severity.NOTE;
    }

    @Override
    public String message() {
      return "qcow2: Image is corrupt: Refblock offset 0x"
          + toHexString(hostOffset)
          + " unaligned (reftable index: "
          + (tableIndex == 0 ? "0" : "0x" + toHexString(tableIndex))
          + "); further non-fatal corruption events will be suppressed";
    }
  }

  /**
   * The stored count of a cluster could not be had, so nothing is known about it.
   *
   * @param clusterIndex the host cluster
   * @param failure the storage's own, or null when its block is said to stand where none can
   */
  record UnknownRefcount(long clusterIndex, @Nullable IOException failure)
      implements RefcountFinding {
    @Override
    public Severity severity() {
      return Severity.CHECK_ERROR;
    }

    @Override
    public String message() {
      String reason =
          failure == null ? FailureReason.INPUT_OUTPUT_ERROR : FailureReason.of(failure);
      return "Can't get refcount for cluster " + clusterIndex + ": " + reason;
    }
  }

  /**
   * A cluster has more references than its stored count says: it may be handed out again.
   *
   * @param clusterIndex the host cluster
   * @param refcount the stored count, unsigned
   * @param references how many references it has, unsigned
   */
  record RefcountTooLow(long clusterIndex, long refcount, long references)
      implements RefcountFinding {
    @Override
    public String message() {
      return "ERROR" + RefcountFinding.counts(clusterIndex, refcount, references);
    }
  }

  /**
   * A cluster has fewer references than its stored count says: it will never be free.
   *
   * @param clusterIndex the host cluster
   * @param refcount the stored count, unsigned
   * @param references how many references it has, unsigned
   */
  record LeakedCluster(long clusterIndex, long refcount, long references)
      implements RefcountFinding {
    @Override
    public Severity severity() {
      return Severity.LEAK;
    }

    @Override
    public String message() {
      return "Leaked" + RefcountFinding.counts(clusterIndex, refcount, references);
    }
  }

  private static String counts(long clusterIndex, long refcount, long references) {
    return " cluster "
        + clusterIndex
        + " refcount="
        + Long.toUnsignedString(refcount)
        + " reference="
        + Long.toUnsignedString(references);
  }
}
