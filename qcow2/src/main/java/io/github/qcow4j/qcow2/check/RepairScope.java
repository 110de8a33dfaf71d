package io.github.qcow4j.qcow2.check;

/** How much a repair may change. */
public enum RepairScope {
  /**
   * Reference counts are lowered where they are too high, and copied flags follow when nothing else
   * is wrong. Nothing that anybody refers to is touched.
   */
  LEAKS,
  /** Whatever can be put right without losing what the guest reads. */
  ALL
}
