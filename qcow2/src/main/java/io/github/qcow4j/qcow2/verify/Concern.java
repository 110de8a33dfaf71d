package io.github.qcow4j.qcow2.verify;

/**
 * One thing that speaks against using an image of unknown origin.
 *
 * @param reason what kind of thing
 * @param detail what exactly, for people; holds text from the image, of which only what is safe to
 *     show should be shown
 */
public record Concern(Reason reason, String detail) {

  /** The kinds of things. */
  public enum Reason {
    /** The content is of another format than was said. */
    FORMAT_MISMATCH("format-mismatch"),
    /** The content is that of a format this program does not know, such as VMDK or VHD. */
    FOREIGN_FORMAT("foreign-format"),
    /** The image names a backing file. */
    BACKING_FILE("backing-file"),
    /** The guest's data are in another file. */
    DATA_FILE("data-file"),
    /** The image needs a feature or version that is not known. */
    UNKNOWN_FEATURES("unknown-features"),
    /** The guest's data are encrypted. */
    ENCRYPTED("encrypted"),
    /** The virtual size is larger than accepted. */
    VIRTUAL_SIZE("virtual-size"),
    /** A table, a name or a number is larger than the format's limit. */
    LIMIT_EXCEEDED("limit-exceeded"),
    /** The header contradicts the format. */
    MALFORMED_HEADER("malformed-header"),
    /** A header extension contradicts the format. */
    MALFORMED_EXTENSION("malformed-extension"),
    /** The snapshot table contradicts the format. */
    MALFORMED_SNAPSHOTS("malformed-snapshots"),
    /** The bitmap directory, or a bitmap's table, contradicts the format. */
    MALFORMED_BITMAPS("malformed-bitmaps"),
    /** The header calls the image corrupt. */
    MARKED_CORRUPT("marked-corrupt"),
    /** A table lies past the end of the file. */
    TABLE_PAST_END("table-past-end"),
    /** Something else that is referred to lies past the end of the file. */
    DATA_PAST_END("data-past-end"),
    /** Two structures, or a structure and guest data, share a place. */
    OVERLAP("overlap"),
    /** Tables contradict the format or each other in another way. */
    CORRUPT_METADATA("corrupt-metadata");

    private final String label;

    Reason(String label) {
      this.label = label;
    }

    /** The name for programs; it stays the same. */
    public String label() {
      return label;
    }
  }
}
