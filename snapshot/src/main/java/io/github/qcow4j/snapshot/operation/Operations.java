package io.github.qcow4j.snapshot.operation;

/** What operations are called in intents. The names stand in catalogues. */
final class Operations {

  static final String CREATE = "create";
  static final String SNAPSHOT = "snapshot";
  static final String RESTORE = "restore";
  static final String UNDO = "undo";
  static final String CLONE = "clone";
  static final String RENAME = "rename";
  static final String REMOVE = "remove";
  static final String REMOVE_SNAPSHOT = "remove snapshot";
  static final String MERGE = "merge";
  static final String EXPORT = "export";

  private Operations() {}
}
