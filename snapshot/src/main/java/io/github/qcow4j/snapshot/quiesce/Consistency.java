package io.github.qcow4j.snapshot.quiesce;

/** What a capture is worth, the least first: the order of the constants is their meaning. */
public enum Consistency {
  /** Nobody held the writers: a capture that is not of one instant may be torn. */
  NONE,
  /** All is of one instant, as if the power had been cut then. */
  CRASH,
  /** The writers had brought their data into order before: a clean file system. */
  FILE_SYSTEM
}
