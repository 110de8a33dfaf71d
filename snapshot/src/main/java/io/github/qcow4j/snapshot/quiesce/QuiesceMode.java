package io.github.qcow4j.snapshot.quiesce;

import java.nio.file.Path;

/** How the writers of a running box are to be made to hold still. */
public sealed interface QuiesceMode {

  /** As well as can be done with what is known of the box: its process is stopped. */
  record Auto() implements QuiesceMode {}

  /** Not at all: for writers that do not write, or captures that are of one instant anyway. */
  record None() implements QuiesceMode {}

  /** The process that holds the box, and all it has started, are stopped by {@code SIGSTOP}. */
  record Pause() implements QuiesceMode {}

  /**
   * The guest's agent freezes the file systems, then the process is stopped, where it is known.
   *
   * @param socket the Unix socket that the hypervisor offers the agent's channel on
   */
  record Agent(Path socket) implements QuiesceMode {}

  /**
   * A program is called with the argument {@code freeze}, and {@code thaw} afterwards; in between
   * the process is stopped, where it is known.
   *
   * @param program the file to execute
   */
  record Hook(Path program) implements QuiesceMode {}
}
