package io.github.qcow4j.benchmarks.sidebyside;

import java.io.IOException;

/** One way to do a job. */
interface Contender {

  /** Whose way it is. */
  enum Side {
    OURS,
    /** One whose time the figure of the job is held against. */
    RIVAL,
    /** One that is shown, and that no figure is held against. */
    SHOWN,
    /** The runtime doing nothing: what its start takes, which some figures set aside. */
    START
  }

  /** What a command promises, by what it was told. */
  enum Ending {
    /** Nothing was said: ours makes the target durable, qemu-img leaves it to the page cache. */
    DEFAULT,
    /** {@code -t unsafe} was said: both leave it to the page cache. */
    UNSAFE,
    /** The target was synced afterwards. */
    SYNCED
  }

  /** How the results call it. */
  String name();

  /** Whose way it is. */
  Side side();

  /** What it promises of the target when it ends. */
  Ending ending();

  /** Does the job once; the target is as the job prepares it. */
  Measured run(Workpiece work) throws IOException, InterruptedException;
}
