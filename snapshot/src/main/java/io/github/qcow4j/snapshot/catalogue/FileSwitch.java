package io.github.qcow4j.snapshot.catalogue;

import java.util.Locale;

/**
 * A change of files in one step.
 *
 * @param kind which
 * @param live the file that changes; of a rebase, the overlay
 * @param other the name that the replaced file gets; of a rebase, the new backing name as it is to
 *     be stored, or empty for none
 * @param fresh the name of the file that takes its place; of a rebase, the new backing format
 * @param inode of an exchange, the inode number of the file that is replaced, else 0
 */
public record FileSwitch(Kind kind, String live, String other, String fresh, long inode) {

  /** What is done. */
  public enum Kind {
    /** {@link io.github.qcow4j.nativeio.Fork}. */
    FORK,
    /** {@link io.github.qcow4j.nativeio.Exchange}. */
    EXCHANGE,
    /** {@link io.github.qcow4j.qcow2.rebase.Rebase}. */
    REBASE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
