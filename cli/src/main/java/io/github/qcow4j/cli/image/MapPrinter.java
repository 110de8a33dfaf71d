package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.qcow2.map.MapEntry;

/** A form in which the entries of a map are printed as they come. */
interface MapPrinter {

  /** What stands before the first entry. */
  void begin();

  /**
   * An entry.
   *
   * @param last whether none follows
   * @throws CommandFailure when this form has no way to say it
   */
  void print(MapEntry entry, boolean last) throws CommandFailure;

  /** What stands behind the last entry. */
  void end();
}
