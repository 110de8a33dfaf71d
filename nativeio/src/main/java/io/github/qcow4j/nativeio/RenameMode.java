package io.github.qcow4j.nativeio;

/** What a rename does about an existing target ({@code renameat2(2)}). */
public enum RenameMode {
  /** The target is replaced. */
  REPLACE,
  /** An existing target is an error ({@code RENAME_NOREPLACE}). */
  NO_REPLACE,
  /** Both names exist and change places ({@code RENAME_EXCHANGE}). */
  EXCHANGE
}
