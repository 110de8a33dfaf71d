package io.github.qcow4j.qcow2.header;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The header extensions of an image (qcow2 specification, "Header extensions").
 *
 * @param backingFormat the stored format of the backing file, or null when absent
 * @param dataFileName the stored name of the external data file, or null when absent
 * @param featureNames names of feature bits
 * @param bitmaps where the bitmap directory is, or null when absent
 * @param encryptionHeader where the LUKS header is, or null when absent
 * @param unknown extensions of other types, in their order, to be carried over
 */
public record HeaderExtensions(
    @Nullable String backingFormat,
    @Nullable String dataFileName,
    FeatureNameTable featureNames,
    @Nullable BitmapsExtension bitmaps,
    @Nullable EncryptionHeader encryptionHeader,
    List<UnknownExtension> unknown) {

  /** End of the list. */
  public static final int TYPE_END = 0;

  /** Backing file format name. */
  public static final int TYPE_BACKING_FORMAT = 0xE2792ACA;

  /** Feature name table. */
  public static final int TYPE_FEATURE_NAMES = 0x6803F857;

  /** Bitmaps extension. */
  public static final int TYPE_BITMAPS = 0x23852875;

  /** Full disk encryption header pointer. */
  public static final int TYPE_ENCRYPTION = 0x0537BE77;

  /** External data file name. */
  public static final int TYPE_DATA_FILE = 0x44415441;

  /**
   * Nothing but bytes to be passed over, of this program alone: what stood where a header was
   * replaced, when a power cut came in between. Others take it for an unknown one, which is to be
   * ignored.
   */
  static final int TYPE_PASSED_OVER = 0x71346A70;

  /** No extension at all. */
  public static final HeaderExtensions NONE =
      new HeaderExtensions(null, null, FeatureNameTable.EMPTY, null, null, List.of());

  public HeaderExtensions {
    unknown = List.copyOf(unknown);
  }

  /**
   * Where the bitmap directory is.
   *
   * @param bitmapCount number of entries, 1 to 65535
   * @param directoryBytes length of the directory in bytes
   * @param directoryOffset its host offset, cluster aligned
   */
  public record BitmapsExtension(int bitmapCount, long directoryBytes, long directoryOffset) {}

  /**
   * Where the LUKS header is.
   *
   * @param hostOffset its host offset, cluster aligned
   * @param lengthBytes its length in bytes
   */
  public record EncryptionHeader(long hostOffset, long lengthBytes) {}

  /**
   * An extension of a type that the specification does not name.
   *
   * @param type its type
   * @param data its data, without padding
   */
  public record UnknownExtension(int type, UnknownBytes data) {}
}
