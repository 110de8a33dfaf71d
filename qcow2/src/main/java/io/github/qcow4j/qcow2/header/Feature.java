package io.github.qcow4j.qcow2.header;

import java.util.Optional;

/**
 * The feature bits that the specification names (qcow2 specification, "Header" and "Feature name
 * table").
 */
public enum Feature {
  /** Refcounts in the file may be stale; mappings are valid. */
  DIRTY(Group.INCOMPATIBLE, 0, "dirty bit"),
  /** Metadata may be broken; open for reading only, except to repair. */
  CORRUPT(Group.INCOMPATIBLE, 1, "corrupt bit"),
  /** Guest data lives in another file. */
  EXTERNAL_DATA_FILE(Group.INCOMPATIBLE, 2, "external data file"),
  /** The compression type field is present and not zero. */
  COMPRESSION_TYPE(Group.INCOMPATIBLE, 3, "compression type"),
  /** L2 entries have 128 bits and describe subclusters. */
  EXTENDED_L2(Group.INCOMPATIBLE, 4, "extended L2 entries"),
  /** Refcount updates may be postponed. */
  LAZY_REFCOUNTS(Group.COMPATIBLE, 0, "lazy refcounts"),
  /** The bitmaps extension is consistent with the guest data. */
  BITMAPS(Group.AUTOCLEAR, 0, "bitmaps"),
  /** The external data file is byte for byte the guest's view. */
  RAW_EXTERNAL_DATA(Group.AUTOCLEAR, 1, "raw external data");

  /** Which of the three feature words of the header a bit belongs to. */
  public enum Group {
    /** A reader that does not know a set bit must not open the image. */
    INCOMPATIBLE(0),
    /** A reader that does not know a set bit may ignore it. */
    COMPATIBLE(1),
    /** A writer that does not know a set bit must clear it before it changes anything. */
    AUTOCLEAR(2);

    private final int code;

    Group(int code) {
      this.code = code;
    }

    /** The number of the word in a feature name table. */
    public int code() {
      return code;
    }
  }

  private final Group group;
  private final int bit;
  private final String specificationName;

  Feature(Group group, int bit, String specificationName) {
    this.group = group;
    this.bit = bit;
    this.specificationName = specificationName;
  }

  /** The feature word the bit belongs to. */
  public Group group() {
    return group;
  }

  /** The bit's number, 0 being the least significant. */
  public int bit() {
    return bit;
  }

  /** The bit as a mask of its word. */
  public long mask() {
    return 1L << bit;
  }

  /** The name that the feature name table of an image gives it. */
  public String specificationName() {
    return specificationName;
  }

  /** All bits of a word that the specification names. */
  public static long knownMask(Group group) {
    long mask = 0;
    for (Feature feature : values()) {
      if (feature.group == group) {
        mask |= feature.mask();
      }
    }
    return mask;
  }

  /** The feature with this bit, if the specification names one. */
  public static Optional<Feature> of(Group group, int bit) {
    for (Feature feature : values()) {
      if (feature.group == group && feature.bit == bit) {
        return Optional.of(feature);
      }
    }
    return Optional.empty();
  }
}
