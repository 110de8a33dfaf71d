package io.github.qcow4j.qcow2.check;

/**
 * One thing that a check found. Its kind is its class; {@link #message()} is for people, and for
 * programs that read {@code qemu-img}'s output.
 */
public sealed interface CheckFinding
    permits MappingFinding, RefcountFinding, SnapshotFinding, RepairFinding {

  /** What a finding means for the image. */
  enum Severity {
    /** Data may be lost, or further writing may lose some. */
    CORRUPTION,
    /** Space is wasted; nothing else. */
    LEAK,
    /** Something could not be checked. */
    CHECK_ERROR,
    /** Was wrong, and is put right. */
    REPAIRED,
    /** Explains another finding, or the end of the check, and counts for nothing. */
    NOTE
  }

  /** What it means for the image. */
  default Severity severity() {
    return Severity.CORRUPTION;
  }

  /** The line that {@code qemu-img check} prints to standard error for it, without line end. */
  String message();
}
