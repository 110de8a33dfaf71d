package io.github.qcow4j.nativeio;

/** Which way a new file took a live file's place, the old one being kept under another name. */
public enum SwitchMethod {
  /**
   * The two names were exchanged in one step ({@code RENAME_EXCHANGE}). At every moment the live
   * name holds the old file or the new one.
   */
  EXCHANGE,
  /**
   * The old file was given its second name first, and then replaced under the live one. At every
   * moment the live name holds the old file or the new one.
   */
  LINK,
  /**
   * The old file was renamed, and then the new one, as the file system refuses further names for a
   * file. In between the live name holds nothing: a power cut may leave it missing, and only {@code
   * rollForward} or {@code rollBack} brings it back. Where the file system has no journal either,
   * as FAT has none, it may leave the old file without any name.
   */
  TWO_RENAMES;

  /** Whether the live name held a file at every moment, also after a power cut. */
  public boolean neverMissing() {
    return this != TWO_RENAMES;
  }
}
