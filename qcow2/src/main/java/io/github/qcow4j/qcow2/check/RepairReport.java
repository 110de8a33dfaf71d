package io.github.qcow4j.qcow2.check;

/**
 * What a repair came to.
 *
 * @param remaining what was found and not put right, with the image's numbers
 * @param leaksFixed how many leaked clusters were given back
 * @param corruptionsFixed how many corruptions were put right
 */
public record RepairReport(CheckReport remaining, long leaksFixed, long corruptionsFixed) {

  /** Whether something was put right: then the image deserves a second check. */
  public boolean changedAnything() {
    return leaksFixed != 0 || corruptionsFixed != 0;
  }
}
