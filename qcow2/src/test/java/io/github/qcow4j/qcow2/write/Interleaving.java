package io.github.qcow4j.qcow2.write;

import org.jetbrains.lincheck.datastructures.Operation;

/**
 * What three threads do to each other in something that they share, small enough that the orders in
 * which they can take their steps are walked through.
 */
public abstract class Interleaving {

  @Operation
  public final boolean runFirst() throws Exception {
    first();
    return true;
  }

  @Operation
  public final boolean runSecond() throws Exception {
    second();
    return true;
  }

  @Operation
  public final boolean runThird() throws Exception {
    third();
    return true;
  }

  @Operation
  public final boolean runAfterwards() throws Exception {
    afterwards();
    return true;
  }

  /** What one thread does; each throws when it saw what must not be. */
  abstract void first() throws Exception;

  abstract void second() throws Exception;

  abstract void third() throws Exception;

  /** What must hold when all three have ended. */
  void afterwards() throws Exception {}

  static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }
}
