package io.github.qcow4j.nativeio;

/**
 * How far a {@link Fork} or an {@link Exchange} has come, as told by the three names alone; what to
 * ask after a failure or a power cut.
 */
public enum SwitchState {
  /** The live name holds the old file, and the name for the old one is free. */
  UNCHANGED,
  /** The old file has both names; the live name is as it was. */
  LINKED,
  /** The old file has only its second name, and the live name is missing. */
  BETWEEN,
  /** Of an exchange alone: the live name holds the new file, the new one's name the old file. */
  EXCHANGED,
  /** The live name holds the new file, and the old one has its second name. */
  DONE,
  /**
   * None of these: a name is missing that never is, or holds what it never does. Somebody else
   * changed the names, and nothing may be decided from them.
   */
  UNEXPLAINED
}
